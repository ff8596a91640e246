/**
 * The proxy against parsers of others. Bodies are made by a grammar of what clients send and of what attackers bend; each goes through ours and
 * through six readers. Whatever ours lets through, no reader may see a file in it that ours did not look at.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, request as sendRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Busboy } from '@fastify/busboy';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proxyRoom, type ProxyService } from '../../src/surfaces/proxy/index.ts';
import { openBodyLab, sha256, type BodyLab } from '../support/bodies.ts';
import { findFreePort, requireProgram } from '../support/example-scene.ts';
import { startRoom, type TestRoom } from '../support/surface-room.ts';

const PARSERS = fileURLToPath(new URL('../fixtures/parsers/', import.meta.url));
const BODIES = 1_500;
const EMPTY = sha256(Buffer.alloc(0));

type Reader = (body: Buffer, contentType: string) => Promise<readonly string[]>;

let dir: string;
let lab: BodyLab;
const children: ChildProcess[] = [];
const readers = new Map<string, Reader>();

beforeAll(async () => {
  for (const program of ['php', 'python3', 'go']) requireProgram(program);
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-parsers-'));
  lab = await openBodyLab();
  const built = spawnSync('go', ['build', '-o', join(dir, 'parse-go'), join(PARSERS, 'parse.go')], {
    env: { ...process.env, GOCACHE: join(dir, 'cache'), GOFLAGS: '-mod=mod', GO111MODULE: 'off' },
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`);
  const phpPort = await findFreePort();
  children.push(spawn('php', ['-d', 'upload_max_filesize=8M', '-S', `127.0.0.1:${phpPort}`, join(PARSERS, 'parse.php')], { stdio: 'ignore' }));
  readers.set('Go mime/multipart', over(await startChild(join(dir, 'parse-go'), [])));
  readers.set('Python email and cgi', over(await startChild('python3', [join(PARSERS, 'parse.py')])));
  readers.set('PHP', over(phpPort));
  readers.set('undici', readByUndici);
  readers.set('busboy', readByBusboy);
  readers.set('searching', readBySearch);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await fetch(`http://127.0.0.1:${phpPort}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(100);
  }
  throw new Error('php -S does not listen');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await lab.stop();
  await rm(dir, { recursive: true, force: true });
});

async function startChild(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(line.toString());
}

/** By hand, because `fetch` corrects content types. */
function over(port: number): Reader {
  return (body, contentType) =>
    new Promise((resolve) => {
      const outgoing = sendRequest(
        { host: '127.0.0.1', port, method: 'POST', headers: { 'content-type': contentType, 'content-length': body.length, connection: 'close' } },
        (reply) => {
          let text = '';
          reply.on('data', (chunk: Buffer) => void (text += chunk.toString()));
          reply.on('end', () => {
            const from = text.lastIndexOf('[');
            resolve(from === -1 ? [] : (JSON.parse(text.slice(from)) as string[]));
          });
        },
      );
      outgoing.on('error', () => resolve([]));
      outgoing.end(body);
    });
}

async function readByUndici(body: Buffer, contentType: string): Promise<string[]> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    return await Promise.all(
      [...form.values()].map(async (value) => sha256(typeof value === 'string' ? Buffer.from(value) : new Uint8Array(await value.arrayBuffer()))),
    );
  } catch {
    return [];
  }
}

function readByBusboy(body: Buffer, contentType: string): Promise<string[]> {
  return new Promise((resolve) => {
    const found: string[] = [];
    try {
      const parser = new Busboy({ headers: { 'content-type': contentType }, limits: { fieldSize: 1_000_000 } });
      parser.on('field', (_name, value) => void found.push(sha256(Buffer.from(value))));
      parser.on('file', (_name, stream) => {
        const hash = createHash('sha256');
        stream.on('data', (chunk: Buffer) => void hash.update(chunk));
        stream.on('end', () => void found.push(hash.digest('hex')));
        stream.on('error', () => undefined);
      });
      parser.on('finish', () => resolve(found));
      parser.on('error', () => resolve(found));
      parser.end(body);
    } catch {
      resolve(found);
    }
    setTimeout(() => resolve(found), 500).unref();
  });
}

/**
 * Readers that search: by the expressions of Rack and formidable, and of whoever splits at a name; each part by its length, when it tells one (aiohttp).
 * Written down here, because a type that such a reader takes otherwise needs no other fault in the body.
 */
const SEARCHES = [/^multipart\/.*boundary="?([^";,]+)"?/i, /boundary=(?:"([^"]+)"|([^;]+))/i, /boundary=([^;,\s]+)/i];

async function readBySearch(body: Buffer, contentType: string): Promise<string[]> {
  if (!/multipart/i.test(contentType)) return [];
  const boundaries = new Set(SEARCHES.flatMap((search) => search.exec(contentType)?.find((group, i) => i > 0 && group !== undefined) ?? []));
  const found: string[] = [];
  for (const piece of [...boundaries].flatMap((boundary) => body.toString('latin1').split(`--${boundary}`).slice(1))) {
    const [, head = '', content] = /^[ \t]*\r?\n([^]*?)\r?\n\r?\n([^]*?)\r?\n$/.exec(piece) ?? [];
    const length = /^content-length:[ \t]*(\d+)/im.exec(head)?.[1] ?? content?.length;
    if (content !== undefined) found.push(sha256(Buffer.from(content.slice(0, Number(length)), 'latin1')));
  }
  return found;
}

/** Mostly good, sometimes bent; a body with no fault must come through, else the comparison says nothing. */
const often = <T>(good: T, ...bent: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(good, ...bent) });
const words = fc.constantFrom('hello', 'caf\u00e9 au lait', 'x', 'a\r\nb', '--B', '--', 'title=1&b=2');
const jpeg = fc.integer({ min: 1, max: 1_000_000 }).map((i) => `\xff\xd8\xff\xe0\0\x10JFIF\0${i}\xff\xd9`);
const content = fc.oneof(
  words,
  jpeg,
  jpeg,
  // A form within a file, with the boundary of this body or of another that its type may name.
  fc
    .tuple(jpeg, jpeg, fc.constantFrom('A', 'A"', '"B"', "'B'"))
    .map(([a, b, other]) => `${a}\r\n--${other}\r\nContent-Disposition: form-data; name="s"; filename="s.jpg"\r\n\r\n${b}\r\n--${other}--\r\n`),
  fc.tuple(jpeg, jpeg).map(([a, b]) => `${a}\r\n--B\r\nContent-Disposition: form-data; name="s"; filename="s.jpg"\r\n\r\n${b}`),
);
const eol = often('\r\n', '\n', '\r', '\r\n ');
const head = fc
  .record({
    name: often(
      'form-data; name="f"; filename="a.jpg"',
      'form-data; name="f"',
      'form-data; name=f; filename=a.jpg',
      'form-data; name="f"; filename*=UTF-8\'\'a.jpg',
      'attachment; filename="a.jpg"',
      'form-data; name="a\\"b"; filename="c',
    ),
    type: often(
      'Content-Type: image/jpeg',
      '',
      'content-type: text/plain; charset=utf-8',
      'Content-Type: multipart/mixed; boundary=I',
      'Content-Type : image/jpeg',
      'Content-Type: image/jpeg\r\n folded',
    ),
    coding: often(
      '',
      'Content-Transfer-Encoding: binary',
      'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable',
      'Content-Encoding: gzip',
      'X-Other: 1',
      'Content-Disposition: form-data; name="twice"',
      'Content-Length: 20',
      'Content-Length: 27',
    ),
    line: eol,
    order: fc.boolean(),
  })
  .map(({ name, type, coding, line, order }) => {
    const lines = [`Content-Disposition: ${name}`, type, coding].filter((one) => one !== '');
    return (order ? lines : lines.toReversed()).map((one) => `${one}${line}`).join('');
  });
const part = fc.record({ head, content, empty: eol, end: eol });
const body = fc
  .record({
    parts: fc.array(part, { minLength: 1, maxLength: 4 }),
    preamble: often('', '\r\n', 'text\r\n', '--B', '--B--\r\n'),
    epilogue: often('\r\n', '', 'text', '\r\n--B\r\nContent-Disposition: form-data; name="late"\r\n\r\nlate\r\n--B--\r\n'),
    close: often('--B--', '--B', '--B-', '--B --', '--b--', '--B--B--'),
    open: often('--B\r\n', '--B \r\n', '--B\n', '--BB\r\n', '-- B\r\n', '--B\t\r\n'),
    type: often(
      'multipart/form-data; boundary=B',
      'multipart/form-data; boundary="B"',
      'multipart/form-data;boundary=B',
      'multipart/form-data; boundary=A; boundary=B',
      'multipart/form-data; boundary=B; boundary=A',
      'multipart/form-data; charset=utf-8; boundary=B',
      'Multipart/Form-Data; Boundary=B',
      'multipart/mixed; boundary=B',
      'multipart/form-data; boundary=B,',
      "multipart/form-data; boundary*=utf-8''B",
      'multipart/form-data; boundary=B;',
      'multipart/form-data; boundary="B',
      'multipart/form-data; x="; boundary=A"; boundary=B',
      'multipart/form-data; xboundary=A; boundary=B',
      'multipart/form-data; boundary=B; xboundary=A',
      'multipart/form-data; x="boundary"; y=A; boundary=B',
      'multipart/form-data; Boundary=B; x=boundary; y=A',
      'multipart/form-data; boundary="B"; boundary-x=A',
      'image/jpeg; x=multipart; boundary=A',
    ),
  })
  .map(({ parts, preamble, epilogue, close, open, type }) => ({
    type,
    bytes: Buffer.from(`${preamble}${parts.map((one) => `${open}${one.head}${one.empty}${one.content}${one.end}`).join('')}${close}${epilogue}`, 'latin1'),
  }));

describe('what ours lets through', () => {
  it(`hides nothing from six other readers, in ${BODIES} bodies`, async () => {
    const counts: Record<string, number> = { released: 0, held: 0, refused: 0 };
    const unseen: string[] = [];
    for (const { type, bytes } of fc.sample(body, { numRuns: BODIES, seed: 20_261_130 })) {
      const verdict = await lab.screen(bytes, { 'content-type': type });
      counts[verdict.kind === 'release' ? 'released' : verdict.kind === 'stop' ? 'held' : 'refused'] =
        (counts[verdict.kind === 'release' ? 'released' : verdict.kind === 'stop' ? 'held' : 'refused'] ?? 0) + 1;
      for (const [name, read] of readers) {
        const found = await read(bytes, type);
        if (found.length > 0) counts[`${name} reads`] = (counts[`${name} reads`] ?? 0) + 1;
        if (found.length > 0 && verdict.kind === 'refuse') counts[`${name} reads what ours refuses`] = (counts[`${name} reads what ours refuses`] ?? 0) + 1;
        if (verdict.kind !== 'release') continue;
        const strange = found.filter((digest) => digest !== EMPTY && !lab.seen.has(digest) && !lab.compared.has(digest) && !lab.seenAsText.has(digest));
        if (strange.length > 0) unseen.push(`${name}: ${type} ${JSON.stringify(bytes.toString('latin1'))}`);
      }
    }
    writeSync(1, `\n${JSON.stringify(counts, null, 1)}\n`);
    expect(unseen.slice(0, 3)).toEqual([]);
    // Else it would be easy.
    expect(counts['released']).toBeGreaterThan(BODIES / 20);
    for (const name of readers.keys()) expect(counts[`${name} reads`]).toBeGreaterThan(BODIES / 10);
  });
});

describe('large bodies', () => {
  const received = createHash('sha256');
  let origin: Server;
  let room: TestRoom<ProxyService>;
  beforeAll(async () => {
    // Keeps nothing: its memory is measured with ours.
    origin = createServer((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        received.update(chunk);
      });
      request.on('end', () => response.end(`stored ${size}`));
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    await writeFile(join(dir, 'routes.json'), JSON.stringify({ routes: [{ path: '/upload' }] }));
    room = await startRoom(proxyRoom, {
      proxyListen: '127.0.0.1:0',
      proxyOrigin: `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
      proxyRoutesFile: join(dir, 'routes.json'),
    });
    // The stand-in for screening reads a file as a whole, which would be measured with ours.
    const { screening } = room.intake;
    const screen: typeof screening.screen = async ({ digests }) => ({
      screening: await screening.rematch({ digests, pictures: [] }),
      signals: { digests, pictures: [] },
    });
    Object.assign(screening, { screen });
  });
  afterAll(async () => {
    await room.stop();
    origin.closeAllConnections();
    origin.close();
  });

  it('200 MB as multipart pass byte for byte, in memory that does not grow with them', async () => {
    const [host, port] = (room.opened[0]?.address ?? '').split(':');
    const MB = 1024 * 1024;
    const GROWTH_MAX_MB = 120;
    const piece = Buffer.alloc(MB, 'clear ');
    const start = Buffer.from('--B\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n');
    const end = Buffer.from('\r\n--B--\r\n');
    const hash = createHash('sha256').update(start);
    let answer = '';
    const before = process.memoryUsage.rss();
    const cpu = process.cpuUsage();
    let peak = before;
    const watch = setInterval(() => void (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const outgoing = sendRequest({
      host,
      port,
      path: '/upload',
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=B', 'content-length': start.length + 200 * MB + end.length },
    });
    const answered = once(outgoing, 'response');
    outgoing.write(start);
    for (let i = 0; i < 200; i += 1) {
      hash.update(piece);
      if (!outgoing.write(piece)) await once(outgoing, 'drain');
    }
    outgoing.end(end);
    hash.update(end);
    const [reply] = (await answered) as [NodeJS.ReadableStream & { statusCode: number }];
    reply.on('data', (chunk: Buffer) => void (answer += chunk.toString()));
    await once(reply, 'end');
    clearInterval(watch);
    const { user, system } = process.cpuUsage(cpu);
    writeSync(
      1,
      `\n200 MB: ${Math.round((peak - before) / MB)} MB more memory at most, ${((user + system) / 1e6).toFixed(1)} s of CPU with client and application\n`,
    );
    expect(peak - before).toBeLessThan(GROWTH_MAX_MB * MB);
    expect(reply.statusCode).toBe(200);
    expect(answer).toBe(`stored ${start.length + 200 * MB + end.length}`);
    expect(received.digest('hex')).toBe(hash.digest('hex'));
    await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
  });
});
