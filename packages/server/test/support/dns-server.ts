/** A small name server over UDP on loopback: answers what it was given, with the whole chain of aliases as a resolver does. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsRecords {
  readonly a?: readonly string[];
  readonly aaaa?: readonly (readonly number[])[];
  readonly cname?: string;
  /** Response code, such as 2 for SERVFAIL; -1: no answer at all. */
  readonly code?: number;
}

export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly asked: string[];
  /** By name, in small letters; may be changed at any time. */
  readonly zone: Map<string, DnsRecords>;
  close(): Promise<void>;
}

const TYPES = { a: 1, cname: 5, aaaa: 28 } as const;

export async function startDnsServer(zone: Readonly<Record<string, DnsRecords>> = {}): Promise<DnsServer> {
  const socket: Socket = createSocket('udp4');
  const records = new Map(Object.entries(zone));
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const question = readQuestion(message);
    asked.push(`${question.name} ${question.type}`);
    const reply = answer(message, question, records);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    zone: records,
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  readonly end: number;
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function answer(message: Buffer, question: Question, zone: ReadonlyMap<string, DnsRecords>): Buffer | undefined {
  const found = zone.get(question.name);
  if (found?.code === -1) return undefined;
  const records = found === undefined ? [] : listAnswers(question, zone);
  const code = found === undefined ? 3 : (found.code ?? 0);
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(code === 0 ? records.length : 0, 6);
  return Buffer.concat([header, message.subarray(12, question.end), ...(code === 0 ? records : [])]);
}

function listAnswers(question: Question, zone: ReadonlyMap<string, DnsRecords>): Buffer[] {
  const out: Buffer[] = [];
  let name = question.name;
  for (let hop = 0; hop < 12; hop++) {
    const found = zone.get(name);
    if (found?.cname === undefined) break;
    out.push(record(name, TYPES.cname, encodeName(found.cname)));
    if (question.type === TYPES.cname) return out;
    name = found.cname;
  }
  const found = zone.get(name);
  if (question.type === TYPES.a) for (const address of found?.a ?? []) out.push(record(name, TYPES.a, Buffer.from(address.split('.').map(Number))));
  if (question.type === TYPES.aaaa) for (const groups of found?.aaaa ?? []) out.push(record(name, TYPES.aaaa, encodeGroups(groups)));
  return out;
}

function encodeGroups(groups: readonly number[]): Buffer {
  return Buffer.concat(groups.map((group) => Buffer.from([group >> 8, group & 255])));
}

function record(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(0, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), fixed, data]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])), Buffer.alloc(1)]);
}
