import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyIntake } from '../../../test/support/intake.ts';
import { dial, exchange, startRoom, type TestRoom } from '../../../test/support/surface-room.ts';
import { unchunk } from '../../../test/support/surfaces/icap.ts';
import { defineRoom } from '../room.ts';
import { answerBlocked, THREAT } from './answer-rules.ts';
import { describeBody } from './body-rules.ts';
import { TUNING } from './channel.ts';
import { createIcapService, icapRoom, type IcapService } from './index.ts';
import { parseInnerHeads } from './protocol-rules.ts';

const FRAGMENT = 1000;
let room: TestRoom<IcapService>;
let address: string;
const quick = defineRoom<IcapService>({
  create: async (parts) => ({ service: createIcapService(parts, { ...TUNING, headMs: 150, lingerMs: 100 }) }),
  listeners: (service) => service.listeners(),
});
beforeAll(async () => {
  room = await startRoom(quick, {
    icapListen: '127.0.0.1:0',
    surfaceFragmentBytes: FRAGMENT,
    maxUploadBytes: 500_000,
    passDeadlineMs: 300,
    surfaceMaxConnections: 10,
  });
  address = room.opened[0]?.address ?? '';
});
afterAll(() => room.stop());
beforeEach(async () => {
  await emptyIntake(room.intake.db);
  room.intake.screening.answer = undefined;
});

const PUT = 'PUT /upload HTTP/1.1\r\nHost: example.org\r\nX-Odd:  kept  \r\n\r\n';
const GET = 'GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n';
const OK = 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n';
const chunks = (content: Buffer | string, end = '0\r\n\r\n'): Buffer => {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([...(bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]), Buffer.from(end)]);
};
const reqmod = (headers: string, service = 'reqmod'): string =>
  `REQMOD icap://h/${service} ICAP/1.0\r\nHost: h\r\n${headers}Encapsulated: req-hdr=0, req-body=${PUT.length}\r\n\r\n${PUT}`;
const respmod = (headers: string, service = 'respmod'): string =>
  `RESPMOD icap://h/${service} ICAP/1.0\r\nHost: h\r\n${headers}Encapsulated: req-hdr=0, res-hdr=${GET.length}, res-body=${GET.length + OK.length}\r\n\r\n${GET}${OK}`;
const ask = async (...parts: (string | Buffer)[]): Promise<string> =>
  (await exchange(address, Buffer.concat(parts.map((part) => Buffer.from(part as string))))).toString('latin1');
const statusOf = (answer: string): string => answer.slice(0, answer.indexOf('\r\n'));
const BLOCKED = /^ICAP\/1\.0 200 OK\r\n[^]*X-Infection-Found: Type=0; Resolution=2; Threat=Gatehouse\.NotCleared;\r\n[^]*\r\n\r\nHTTP\/1\.1 403 Forbidden\r\n/;

describe('OPTIONS', () => {
  it('names one method, the preview and a tag that changes with the lists', async () => {
    const options = (service: string): Promise<string> => ask(`OPTIONS icap://h/${service} ICAP/1.0\r\nHost: h\r\n\r\n`);
    const first = await options('reqmod');
    expect(first).toMatch(/^ICAP\/1\.0 200 OK\r\nISTag: "[0-9a-f]{1,30}"\r\n/);
    for (const line of ['Methods: REQMOD', 'Allow: 204', 'Preview: 4096', 'Transfer-Preview: *', 'Max-Connections: 10', 'Encapsulated: null-body=0'])
      expect(first).toContain(`\r\n${line}\r\n`);
    expect(first).not.toContain('206');
    expect(await options('respmod')).toContain('\r\nMethods: RESPMOD\r\n');
    expect(await options('avscan')).toContain('\r\nMethods: REQMOD\r\n');
    room.intake.screening.version += 1;
    expect(await options('reqmod')).not.toBe(first);
    expect(await options('echo')).toMatch(/^ICAP\/1\.0 404 /);
  });
});

describe('what is clear', () => {
  it('gets 204 when that is allowed or the preview was everything, and comes back byte for byte when not', async () => {
    const content = `clear ${'x'.repeat(70_000)}`;
    expect(statusOf(await ask(reqmod('Allow: 204\r\n'), chunks(content)))).toBe('ICAP/1.0 204 No Modifications Needed');
    expect(statusOf(await ask(reqmod('Preview: 99\r\n'), chunks('clear', '0; ieof\r\n\r\n')))).toBe('ICAP/1.0 204 No Modifications Needed');
    for (const [head, inner, name] of [
      [reqmod('Allow: trailers\r\n'), PUT, 'req'],
      [respmod(''), OK, 'res'],
    ] as const) {
      const answer = await ask(head, chunks(content));
      expect(answer).toContain(`\r\nEncapsulated: ${name}-hdr=0, ${name}-body=${inner.length}\r\n\r\n${inner}`);
      const body = Buffer.from(answer.slice(answer.indexOf(`\r\n\r\n${inner}`) + 4 + inner.length), 'latin1');
      expect(unchunk(body)?.toString()).toBe(content);
    }
  });

  it('is not decided by its preview', async () => {
    const answer = await ask(reqmod('Preview: 5\r\nAllow: 204\r\n'), chunks('match'), chunks(' and more'));
    expect(answer).toMatch(/^ICAP\/1\.0 100 Continue\r\n\r\nICAP\/1\.0 200 OK/);
    expect(answer.slice(answer.indexOf('ICAP', 5))).toMatch(BLOCKED);
    expect(room.intake.screening.requests.at(-1)?.sizeBytes).toBe('match and more'.length);
    // Without leave for 204 the answer after a 100 is the whole message.
    expect(await ask(reqmod('Preview: 5\r\n'), chunks('clear'), chunks(' and more'))).toContain(PUT);
  });

  it('answers requests one after the other on one connection, and messages without a body', async () => {
    const none = `REQMOD icap://h/reqmod ICAP/1.0\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body=${GET.length}\r\n\r\n${GET}`;
    const answer = await ask(reqmod('Allow: 204\r\n'), chunks('clear'), none, reqmod('Allow: 204\r\n'), chunks('match'), none.replace('Allow: 204\r\n', ''));
    expect(answer.match(/ICAP\/1\.0 \d{3}/g)).toEqual(['ICAP/1.0 204', 'ICAP/1.0 204', 'ICAP/1.0 200', 'ICAP/1.0 200']);
    expect(answer.endsWith(`Encapsulated: req-hdr=0, null-body=${GET.length}\r\n\r\n${GET}`)).toBe(true);
  });
});

describe('what is not clear', () => {
  it.each(['match', 'unscannable'])('%s: a neutral page and the headers of virus scanners, the same words for all', async (word) => {
    for (const head of [reqmod('Allow: 204\r\n'), respmod('Allow: 204\r\n')]) {
      const answer = await ask(head, chunks(`${word} picture`));
      expect(answer).toMatch(BLOCKED);
      expect(answer).toMatch(/This file (could not be published|was not accepted)[^<]* [a-z]{3}_[0-9a-z]{26}/);
      expect(answer.replaceAll(/[a-z]{3}_[0-9a-z]{26}/g, '').toLowerCase()).not.toMatch(/match|unscannable|list|hash|corrupt/);
    }
  });

  it('is an error, never a 204, when there is no verdict', async () => {
    expect(statusOf(await ask(reqmod('Allow: 204\r\n'), chunks('error')))).toBe('ICAP/1.0 500 Internal Server Error');
    room.intake.screening.answer = () => Promise.reject(new Error('broken'));
    expect(statusOf(await ask(reqmod('Allow: 204\r\n'), chunks('clear')))).toBe('ICAP/1.0 500 Internal Server Error');
    room.intake.screening.answer = () => new Promise(() => undefined);
    expect(statusOf(await ask(reqmod('Allow: 204\r\n'), chunks('clear')))).toBe('ICAP/1.0 500 Internal Server Error');
  });

  it('is refused when it is larger than allowed, and the rest is not waited for', async () => {
    expect(await ask(reqmod('Allow: 204\r\n'), chunks(`clear ${'x'.repeat(600_000)}`))).toMatch(BLOCKED);
  });

  it('says nothing when the client ends in the middle', async () => {
    const before = room.intake.screening.requests.length;
    expect(await ask(reqmod('Allow: 204\r\n'), '5\r\ncle')).toMatch(/^ICAP\/1\.0 400 /);
    expect(room.intake.screening.requests.length).toBe(before);
    await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
  });
});

describe('a part of a file', () => {
  const content = 'clear part';
  const fetched = (status: string, headers: string): Promise<string> => {
    const http = `HTTP/1.1 ${status}\r\n${headers}\r\n`;
    return ask(`RESPMOD icap://h/respmod ICAP/1.0\r\nAllow: 204\r\nEncapsulated: res-hdr=0, res-body=${http.length}\r\n\r\n${http}`, chunks(content));
  };
  const sent = (headers: string): Promise<string> => {
    const http = `PUT /a HTTP/1.1\r\n${headers}\r\n`;
    return ask(`REQMOD icap://h/reqmod ICAP/1.0\r\nAllow: 204\r\nEncapsulated: req-hdr=0, req-body=${http.length}\r\n\r\n${http}`, chunks(content));
  };

  it.each(['bytes 0-9/11', 'bytes 1-10/11', 'bytes 0-9/*', 'bytes 0-10/11', 'bytes 0-9/10, bytes 0-9/10', 'pages 1-2/2'])('%s', async (range) => {
    expect(await fetched('206 Partial Content', `Content-Range: ${range}\r\n`)).toMatch(BLOCKED);
    expect(await fetched('200 OK', `Content-Range: ${range}\r\n`)).toMatch(BLOCKED);
    expect(await sent(`Content-Range: ${range}\r\n`)).toMatch(BLOCKED);
  });

  it('is what an answer says that tells of no range; a range that is the whole is none', async () => {
    expect(await fetched('206 Partial Content', 'Content-Type: multipart/byteranges; boundary=a\r\n')).toMatch(BLOCKED);
    expect(await fetched('226 IM Used', '')).toMatch(BLOCKED);
    expect(statusOf(await fetched('206 Partial Content', 'Content-Range: bytes 0-9/10\r\n'))).toBe('ICAP/1.0 204 No Modifications Needed');
    expect(statusOf(await sent('Content-Range: bytes 0-9/10\r\n'))).toBe('ICAP/1.0 204 No Modifications Needed');
  });
});

describe('Nextcloud and ownCloud', () => {
  const HEAD = 'PUT / HTTP/1.0\r\nHost: nextcloud\r\n\r\n';
  const NEXT = `Allow: 204\r\nHost: h\r\nUser-Agent: NC-ICAP-CLIENT/0.5.0\r\nX-Client-IP: 192.0.2.7\r\nConnection: close\r\n`;
  const put = (...content: (string | Buffer)[]): Promise<string> =>
    ask(`REQMOD icap://h/avscan ICAP/1.0\r\n${NEXT}Encapsulated: req-hdr=0, req-body=${HEAD.length}\r\n\r\n${HEAD}`, ...content);
  const asResponse = (content: string): Promise<string> => ask(respmod(NEXT, 'avscan'), chunks(content));

  /** As files_antivirus reads an answer: up to Encapsulated and no further, then so many bytes of the inner head. */
  function judge(answer: string): 'clean' | 'infected' | 'unscannable' | 'exception' {
    const lines = answer.split('\r\n');
    const code = Number(/^ICAP\/\d\.\d (\d+) \S/.exec(lines[0] ?? '')?.[1]);
    const last = lines.findIndex((line) => line.startsWith('Encapsulated: '));
    const headers = new Map(lines.slice(1, last + 1).map((line) => line.split(': ', 2) as [string, string]));
    const inner = answer.slice(answer.indexOf('\r\n\r\n') + 4).split('\r\n')[0] ?? '';
    if (code === 500 && headers.get('X-Error-Code') === 'decode_error') return 'unscannable';
    if (code !== 200 && code !== 204) return 'exception';
    return code === 200 && (headers.has('X-Infection-Found') || inner.includes('403 Forbidden')) ? 'infected' : 'clean';
  }

  it('are understood in both modes, without OPTIONS and preview, whatever the inner length says', async () => {
    for (const send of [(content: string) => put(chunks(content)), asResponse]) {
      expect(judge(await send('clear'))).toBe('clean');
      expect(judge(await send('match'))).toBe('infected');
      expect(judge(await send('unscannable'))).toBe('infected');
      expect(judge(await send('error'))).toBe('exception');
    }
  });

  it('an empty file ends twice: the second end does not take the answer away', async () => {
    expect(judge(await put('0\r\n\r\n', '0\r\n\r\n'))).not.toBe('exception');
  });

  it('pieces of a file are not let through, nor the headless rest of it', async () => {
    room.intake.screening.answer = async () => ({ verdict: 'clear', media: undefined });
    expect(judge(await put(chunks('clear rest')))).toBe('clean');
    expect(judge(await put(chunks(`clear${'x'.repeat(FRAGMENT - 5)}`)))).toBe('infected');
    expect(judge(await put(chunks('clear rest')))).toBe('infected');
    expect(judge(await put(chunks(`clear${'x'.repeat(2 * FRAGMENT - 5)}`)))).toBe('infected');
  });

  it('can be told "unscannable" as an error of their own', async () => {
    const other = await startRoom(icapRoom, { icapListen: '127.0.0.1:0', icapUnscannable: 'error', icapAvscanMethod: 'RESPMOD' });
    const at = other.opened[0]?.address ?? '';
    const bytes = Buffer.concat([Buffer.from(reqmod('Connection: close\r\n', 'avscan')), chunks('unscannable')]);
    expect(judge((await exchange(at, bytes)).toString('latin1'))).toBe('unscannable');
    expect(judge((await exchange(at, Buffer.concat([Buffer.from(reqmod('')), chunks('match')]))).toString('latin1'))).toBe('infected');
    expect((await exchange(at, 'OPTIONS icap://h/avscan ICAP/1.0\r\n\r\n')).toString()).toContain('Methods: RESPMOD');
    await other.stop();
  });
});

describe('peers that are not kind', () => {
  it('a head that drips is ended', async () => {
    const answer = await exchange(address, 'OPTIONS icap://h/reqmod ICAP/1.0\r\nX: ', { isLeftOpen: true });
    expect(answer.toString()).toMatch(/^ICAP\/1\.0 408 /);
  });

  it('more connections than allowed are told so', async () => {
    const idle = await Promise.all(
      Array.from({ length: 10 }, () => {
        const socket = dial(address);
        return new Promise<typeof socket>((resolve) => void socket.once('connect', () => resolve(socket)));
      }),
    );
    await expect.poll(() => exchange(address, '').then(String, () => '')).toMatch(/^ICAP\/1\.0 503 /);
    for (const socket of idle) socket.destroy();
    await expect.poll(() => exchange(address, 'OPTIONS icap://h/reqmod ICAP/1.0\r\n\r\n').then(String, () => '')).toMatch(/^ICAP\/1\.0 200 /);
  });

  it('wrong methods, services and rubbish are answered and ended', async () => {
    expect(await ask(reqmod('', 'respmod'), chunks('clear'))).toMatch(/^ICAP\/1\.0 405 [^]*Connection: close/);
    expect(await ask(reqmod('', 'other'), chunks('clear'))).toMatch(/^ICAP\/1\.0 404 /);
    expect(await ask('GET / HTTP/1.1\r\n\r\n')).toMatch(/^ICAP\/1\.0 400 /);
    expect(await ask(`OPTIONS icap://h/reqmod ICAP/1.0\r\nEncapsulated: opt-body=0\r\n\r\n`, chunks('x'))).toMatch(/^ICAP\/1\.0 400 /);
  });

  it('anything but loopback needs addresses that may speak', async () => {
    const closed = await startRoom(defineRoom<IcapService>({ create: async (parts) => ({ service: createIcapService(parts) }) }), {
      icapListen: '0.0.0.0:0',
      icapsListen: '127.0.0.1:0',
    });
    for (const listener of closed.service.listeners()) await expect(listener.open()).rejects.toMatchObject({ code: 'config_invalid' });
    await closed.stop();
  });
});

describe('what a body is', () => {
  const describeHead = (method: 'REQMOD' | 'RESPMOD', text: string): Readonly<Record<string, string>> | undefined => {
    const name = method === 'REQMOD' ? 'req' : 'res';
    const bytes = Buffer.from(text);
    const inner = parseInnerHeads(bytes, [
      { name: `${name}-hdr`, offset: 0 },
      { name: `${name}-body`, offset: bytes.length },
    ]);
    return describeBody({ method }, inner).headers;
  };

  it('is said by a request, and by a response only when it is coded', () => {
    const head = 'Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n';
    expect(describeHead('REQMOD', `POST / HTTP/1.1\r\n${head}`)).toEqual({ 'content-type': 'multipart/form-data; boundary=a', 'content-encoding': 'gzip' });
    expect(describeHead('RESPMOD', `HTTP/1.1 200 OK\r\n${head}`)).toEqual({ 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' });
    expect(describeHead('REQMOD', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n')).toMatchObject({ 'transfer-encoding': 'gzip, chunked' });
    expect(describeHead('REQMOD', 'POST / HTTP/1.1\r\nContent-Type: a/b\r\ncontent-type: a/b\r\n\r\n')).toBeUndefined();
  });
});

it('a block page says its lengths and shows text only', () => {
  const answer = answerBlocked({ istag: 'x', isLast: false }, '<b>&');
  const [icap = '', http = '', body = ''] = answer.split('\r\n\r\n');
  expect(icap).toContain(`Threat=${THREAT};`);
  expect(icap.split('\r\n').at(-1)).toBe(`Encapsulated: res-hdr=0, res-body=${http.length + 4}`);
  const page = unchunk(Buffer.from(`${body}\r\n\r\n`))?.toString() ?? '';
  expect(http).toContain(`Content-Length: ${page.length}`);
  expect(page).toContain('&#60;b&#62;&#38;');
});
