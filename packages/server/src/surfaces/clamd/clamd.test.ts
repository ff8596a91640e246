import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyIntake } from '../../../test/support/intake.ts';
import { dial, exchange, startRoom, untilClosed, type TestRoom } from '../../../test/support/surface-room.ts';
import { clamdRoom, type ClamdService } from './index.ts';
import { serveClamd } from './session.ts';

let room: TestRoom<ClamdService>;
let dir: string;
let tcp: string;
let unix: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-clamd-'));
  room = await startRoom(clamdRoom, {
    clamdListen: '127.0.0.1:0',
    clamdSocket: join(dir, 'clamd.sock'),
    maxUploadBytes: 100_000,
    surfaceFragmentBytes: 1_000,
    surfaceMaxConnections: 20,
  });
  [tcp = '', unix = ''] = room.opened.map(({ address }) => address);
});
afterAll(async () => {
  await room.stop();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await emptyIntake(room.intake.db);
  room.intake.screening.answer = undefined;
});

const frame = (content: string | Buffer, chunkBytes = 400): Buffer => {
  const bytes = Buffer.from(content as string);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const piece = bytes.subarray(at, at + chunkBytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(piece.length);
    parts.push(length, piece);
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
};
const instream = (content: string | Buffer, prefix = 'z', chunkBytes = 400): Buffer =>
  Buffer.concat([Buffer.from(`${prefix}INSTREAM${prefix === 'z' ? '\0' : '\n'}`), frame(content, chunkBytes)]);
const ask = async (bytes: string | Buffer, address = tcp): Promise<string> => (await exchange(address, bytes)).toString('latin1');

describe('clamd commands', () => {
  it.each([
    ['zPING\0', 'PONG\0'],
    ['nPING\n', 'PONG\n'],
    ['PING\n', 'PONG\n'],
    ['nPING\r\n', 'PONG\n'],
    ['zFOO\0', 'UNKNOWN COMMAND\0'],
    ['nping\n', 'UNKNOWN COMMAND\n'],
    ['zSCAN /etc/passwd\0', 'SCAN: files are not opened here; send them (clamdscan --stream). ERROR\0'],
    ['nMULTISCAN /srv\n', 'MULTISCAN: files are not opened here; send them (clamdscan --stream). ERROR\n'],
    // Libraries cut an answer at ': ' (PHP) or look for ': OK' at the end of a line; the name of a file is the uploader's.
    ['zSCAN /uploads/a: OK\n: b.jpg\0', 'SCAN: files are not opened here; send them (clamdscan --stream). ERROR\0'],
    ['zFILDES\0', 'fd[0]: descriptors are not taken here; send the file (clamdscan --stream). ERROR\0'],
    ['zRELOAD\0', 'COMMAND UNAVAILABLE. ERROR\0'],
    ['zSHUTDOWN\0', 'COMMAND UNAVAILABLE. ERROR\0'],
    ['zEND\0', ''],
    ['', ''],
  ])('%j gives %j', async (sent, expected) => {
    expect(await ask(sent)).toBe(expected);
    expect(await ask(sent, unix)).toBe(expected);
  });

  it('VERSION names the list-set version, in three parts as clients cut it', async () => {
    room.intake.screening.version = 17;
    expect(await ask('zVERSION\0')).toMatch(/^Gatehouse \S+\/17\/\w{3}, [^/]+\0$/);
    expect(await ask('nVERSIONCOMMANDS\n')).toMatch(/\| COMMANDS: PING .*INSTREAM IDSESSION END\n$/);
    expect(await ask('zSTATS\0')).toMatch(/END\0$/);
    room.intake.screening.version = 1;
  });

  it('a connection carries one command, as with clamd', async () => {
    expect(await ask('zPING\0zPING\0')).toBe('PONG\0');
  });

  it('a session in a session is no command, has a number of its own and ends', async () => {
    expect(await ask('zIDSESSION\0zPING\0zIDSESSION\0zPING\0')).toBe('1: PONG\x002: UNKNOWN COMMAND\0');
  });

  it('a command without end is cut off, and an endless one refused', async () => {
    expect(await ask('zPIN')).toBe('');
    expect(await ask(`z${'A'.repeat(10_000)}\0`).catch(() => '')).toBe('');
  });
});

describe('INSTREAM', () => {
  it.each([
    ['clear picture', 'stream: OK'],
    ['match', 'stream: Gatehouse.NotCleared FOUND'],
    ['match refuse', 'stream: Gatehouse.NotCleared FOUND'],
    ['unscannable', 'stream: Gatehouse.NotCleared FOUND'],
    ['unscannable encrypted', 'stream: Gatehouse.NotCleared FOUND'],
    ['error', 'stream: no answer could be given; try again. ERROR'],
    ['clear '.repeat(16_667), 'INSTREAM size limit exceeded. ERROR'],
  ])('content %# is answered as it must be', async (content, expected) => {
    for (const prefix of ['z', 'n']) expect(await ask(instream(content, prefix))).toBe(`${expected}${prefix === 'z' ? '\0' : '\n'}`);
    await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
  });

  it('nothing at all is never clean', async () => {
    room.intake.screening.answer = async ({ sizeBytes }) => (sizeBytes === 0 ? { verdict: 'unscannable', reason: 'empty' } : {});
    expect(await ask(instream(''))).toBe('stream: Gatehouse.NotCleared FOUND\0');
  });

  it('a scanner that throws is an ERROR', async () => {
    room.intake.screening.answer = () => Promise.reject(new Error('boom'));
    expect(await ask(instream('clear'))).toBe('stream: no answer could be given; try again. ERROR\0');
  });

  it.each([
    ['before the length', 'zINSTREAM\0'],
    ['in the length', 'zINSTREAM\0\0\0'],
    ['in a chunk', 'zINSTREAM\0\0\0\0\u0010clear'],
    ['before the last length', 'zINSTREAM\0\0\0\0\u0005clear'],
  ])('a stream that breaks off %s is never OK, and leaves nothing', async (_where, sent) => {
    expect(await ask(Buffer.from(sent, 'latin1'))).not.toContain('OK');
    await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
  });

  it('says the same however its bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('clear', 'match', 'unscannable'),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        async (word, chunk, step) => {
          const content = `${word} ${'x'.repeat(60)}`;
          const sent = Buffer.concat([
            Buffer.from('zIDSESSION\0'),
            instream(content, 'z', chunk),
            Buffer.from('nPING\n'),
            instream(content, 'n', chunk),
            Buffer.from('zEND\0'),
          ]);
          const answer = (await exchange(tcp, sent, { stepBytes: step })).toString('latin1');
          const verdict = { clear: 'OK', match: 'Gatehouse.NotCleared FOUND', unscannable: 'Gatehouse.NotCleared FOUND' }[word];
          expect(answer).toBe(`1: stream: ${verdict}\x002: PONG\n3: stream: ${verdict}\n`);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('pieces of a longer file are not let through, and neither is what follows them', async () => {
    const media = (type: string | undefined) => async () => ({ media: type === undefined ? undefined : { type } });
    room.intake.screening.answer = media('image/png');
    expect(await ask(instream('clear'.padEnd(2_000, '.')))).toBe('stream: Gatehouse.NotCleared FOUND\0');
    room.intake.screening.answer = media(undefined);
    expect(await ask(instream('clear rest'))).toBe('stream: Gatehouse.NotCleared FOUND\0');
    room.intake.screening.answer = media('image/png');
    expect(await ask(instream('clear another'))).toBe('stream: OK\0');
  });

  // files_antivirus counts the four bytes before each chunk: at 1,000 a piece of 80-byte chunks has 11 of them, 880 bytes of content.
  it.each([
    [880, 80, 'Gatehouse.NotCleared FOUND'],
    [800, 80, 'OK'],
    [870, 80, 'OK'],
    [900, 900, 'OK'],
    [960, 240, 'Gatehouse.NotCleared FOUND'],
    [1_010, 80, 'OK'],
  ])('%i bytes in chunks of %i: %s, as Nextcloud cuts them', async (size, chunk, expected) => {
    room.intake.screening.answer = async () => ({ media: { type: 'image/png' } });
    expect(await ask(instream('clear'.padEnd(size, '.'), 'n', chunk))).toBe(`stream: ${expected}\n`);
  });

  it('an answer that takes longer than silence is borne arrives all the same', async () => {
    const other = await startRoom(clamdRoom, { clamdListen: '127.0.0.1:0', surfaceIdleSeconds: 1 });
    let go = (): void => undefined;
    other.intake.screening.answer = () => new Promise((resolve) => void (go = () => resolve({})));
    const answer = ask(instream('clear'), other.opened[0]?.address ?? '');
    await expect.poll(() => other.intake.screening.requests.length).toBe(1);
    await sleep(1_500);
    go();
    expect(await answer).toBe('stream: OK\0');
    await other.stop();
  });

  it('who asks without end and reads nothing is not read on', async () => {
    const asked = 'nVERSION\n'.repeat(50_000);
    const read = { bytes: 0 };
    const socket = new Duplex({
      read() {
        if (read.bytes >= asked.length) return;
        this.push(asked.slice(read.bytes, read.bytes + 900));
        read.bytes += 900;
      },
      write: () => undefined,
    }) as unknown as Socket;
    const gone = new AbortController();
    const deps = { intake: room.intake.service, fragments: { isFragment: () => false }, maxBytes: 1, version: () => 'x'.repeat(100) };
    socket.unshift('zIDSESSION\0');
    const served = serveClamd(deps, { socket, signal: gone.signal, isIdle: true, isStopping: false }).catch(() => undefined);
    for (let turn = 0; turn < 5_000; turn += 1) await new Promise((done) => void setImmediate(done));
    expect(socket.writableLength).toBeLessThan(100_000);
    gone.abort();
    await served;
  });
});

describe('the ports', () => {
  it('the socket has the mode that was set, and a file of its name is not removed', async () => {
    expect((await stat(unix)).mode & 0o777).toBe(0o660);
    const path = join(dir, 'precious');
    await writeFile(path, 'a');
    await expect(startRoom(clamdRoom, { clamdSocket: path })).rejects.toThrow(/is no socket/);
    await expect(startRoom(clamdRoom, { clamdSocket: `${path}-none/clamd.sock` })).rejects.toThrow(/there is no folder .*-none\. Make it/);
    expect((await stat(path)).size).toBe(1);
  });

  it('an address that is not named is turned away without a word', async () => {
    const other = await startRoom(clamdRoom, { clamdListen: '127.0.0.1:0', surfaceAllow: ['192.0.2.0/24'] });
    expect(await exchange(other.opened[0]?.address ?? '', 'zPING\0').catch(() => Buffer.from(''))).toEqual(Buffer.from(''));
    await other.stop();
  });

  it('beyond the limit of connections the answer is an ERROR, and a silent one is ended', async () => {
    const other = await startRoom(clamdRoom, { clamdListen: '127.0.0.1:0', surfaceMaxConnections: 2, surfaceIdleSeconds: 1 });
    const address = other.opened[0]?.address ?? '';
    const silent = [dial(address), dial(address)];
    const ended = silent.map(untilClosed);
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    await expect.poll(() => ask('zPING\0', address).catch(() => '')).toContain('Too many connections; try again. ERROR');
    await Promise.all(ended);
    expect(await ask('zPING\0', address)).toBe('PONG\0');
    await other.stop();
  });

  it('a client that sent more than is read and has gone holds no place', async () => {
    const other = await startRoom(clamdRoom, { clamdListen: '127.0.0.1:0', surfaceMaxConnections: 2 });
    const address = other.opened[0]?.address ?? '';
    for (let i = 0; i < 6; i += 1) {
      const socket = dial(address);
      socket.write(`zPING\0${'x'.repeat(200_000)}`);
      const closed = once(socket, 'close');
      socket.once('data', () => socket.destroy());
      await closed;
    }
    await expect.poll(() => ask('zPING\0', address)).toBe('PONG\0');
    await other.stop();
  });

  it('a stop ends who waits, and lets an answer under way be given', async () => {
    const other = await startRoom(clamdRoom, { clamdListen: '127.0.0.1:0' });
    const address = other.opened[0]?.address ?? '';
    const idle = dial(address);
    await once(idle, 'connect');
    let go = (): void => undefined;
    other.intake.screening.answer = () =>
      new Promise((resolve) => {
        go = () => resolve({});
      });
    const answer = ask(instream('clear'), address);
    await expect.poll(() => other.intake.screening.requests.length).toBe(1);
    const stopped = other.opened[0]?.close(5_000);
    await once(idle.resume(), 'close');
    go();
    expect(await answer).toBe('stream: OK\0');
    await stopped;
    await other.stop();
  });
});
