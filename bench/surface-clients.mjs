/** One sender for each surface, as small as its protocol allows: what is measured is the gateway. Each throws when the content was not taken. */
import { randomBytes } from 'node:crypto';
import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { createS3Sender } from './s3-sender.mjs';

const PIECE_BYTES = 65_536;
const SMALL_BYTES = 4096;
const NOISE = randomBytes(1_048_576);
const INNER = 'PUT /upload HTTP/1.1\r\nHost: service.example\r\nContent-Type: application/octet-stream\r\n\r\n';
const BOUNDARY = 'gatehouse-bench';
const WAIT_S = 60;

/** Bytes of no known type, other ones each time; a gibibyte of them needs no memory. */
export function makeNoise(sizeBytes) {
  return {
    sizeBytes,
    *pieces() {
      const first = Math.min(sizeBytes, PIECE_BYTES);
      yield Buffer.concat([Buffer.from('ghbench '), randomBytes(16), NOISE.subarray(24)]).subarray(0, first);
      for (let at = first; at < sizeBytes; at += PIECE_BYTES)
        yield NOISE.subarray(at % NOISE.length, (at % NOISE.length) + Math.min(PIECE_BYTES, sizeBytes - at));
    },
  };
}

/** A file, with bytes after its end that change its digests and nothing else. */
export function makeCopy(bytes) {
  const copy = Buffer.concat([bytes, randomBytes(8)]);
  return {
    sizeBytes: copy.length,
    bytes: copy,
    *pieces() {
      for (let at = 0; at < copy.length; at += PIECE_BYTES) yield copy.subarray(at, at + PIECE_BYTES);
    },
  };
}

/** A picture that is cleared, with noise after its end, other noise each time. */
export function makePicture(picture, sizeBytes) {
  return {
    sizeBytes,
    *pieces() {
      yield picture;
      yield* makeNoise(sizeBytes - picture.length).pieces();
    },
  };
}

/** By name; `limitBytes` is the largest content that the surface takes as it is configured. */
export function createClients(scene) {
  const { server, plain, ports } = scene;
  const { port: api } = new URL(server.url);
  const own = { ...server.headers, 'content-type': 'application/octet-stream' };
  const basic = `Basic ${Buffer.from(`pictrs:${server.headers.authorization.slice('Bearer '.length)}`).toString('base64')}`;
  const send = async (where, body, expected = [200]) => {
    const reply = await sendHttp(scene, where, body);
    if (!expected.includes(reply.status)) throw new Error(`${where.path}: ${reply.status} ${reply.text.slice(0, 300)}`);
    return reply;
  };
  const post = (path, headers = own) => ({ port: api, path, method: 'POST', headers });
  return {
    'plain copy': { pid: plain.pid, send: (body) => send({ port: plain.port, path: '/', method: 'PUT', headers: {} }, body) },
    'plain copy with digests': { pid: plain.pid, send: (body) => send({ port: plain.port, path: '/digests', method: 'PUT', headers: {} }, body) },
    'POST /v1/scan': {
      limitBytes: 256 * 1024 ** 2,
      // 415: of no known type, and the policy of uploads is not asked here.
      send: (body) => send(post('/v1/scan'), body, [200, 415]),
    },
    'PUT uploads': { send: (body) => sendUpload(send, { api, headers: own }, body) },
    'POST /v1/send (ticket)': {
      async send(body) {
        const { text } = await send(post(`/v1/send?wait=${WAIT_S}`, { ...own, authorization: await takeTicket(server) }), body, [200, 202]);
        const { state } = JSON.parse(text);
        if (state !== 'released') throw new Error(`send: ${state}`);
      },
    },
    tus: { send: (body) => sendTus(scene, api, body) },
    S3: createS3Sender(scene, (where, body) => sendHttp(scene, where, body), { api, headers: own }),
    proxy: { send: (body) => send({ port: ports.proxy, path: '/upload', method: 'PUT', headers: { 'content-type': 'application/octet-stream' } }, body) },
    'ICAP, 204': { send: (body) => sendIcap(ports.icap, body, true) },
    'ICAP, bytes back': { send: (body) => sendIcap(ports.icap, body, false) },
    clamd: { send: (body) => sendClamd(ports.clamd, body) },
    'clamd, pieces of 4 KiB': { limitBytes: 100_000_000, send: (body) => sendClamd(ports.clamd, inSmall(body)) },
    'hook of pict-rs': { send: (body) => send(post('/v1/hooks/pictrs', { 'content-type': 'image/jpeg', authorization: basic }), body, [200, 204]) },
    'HMA look-up': {
      limitBytes: 256 * 1024 ** 2,
      // What it cannot compare it answers with 4xx, and never with "no match".
      send: (body) => send(post('/hma/m/lookup', { ...own, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }), toForm(body), [200, 400, 415, 422]),
    },
  };
}

async function sendUpload(send, { api, headers }, body) {
  const asked = { sizeBytes: 2, pieces: () => [Buffer.from('{}')] };
  const made = await send({ port: api, path: '/v1/uploads', method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }, asked, [201]);
  const { id } = JSON.parse(made.text);
  const sent = await send({ port: api, path: `/v1/uploads/${id}/content?wait=${WAIT_S}`, method: 'PUT', headers }, body, [200, 202]);
  const { state } = JSON.parse(sent.text);
  if (state !== 'released') throw new Error(`uploads: ${state}`);
}

/** One request to begin, one with all bytes; 423 while it is not decided. */
async function sendTus(scene, api, body) {
  const headers = { authorization: await takeTicket(scene.server), 'tus-resumable': '1.0.0' };
  const nothing = { sizeBytes: 0, pieces: () => [] };
  const begun = await sendHttp(scene, { port: api, path: '/v1/tus', method: 'POST', headers: { ...headers, 'upload-length': body.sizeBytes } }, nothing);
  if (begun.status !== 201) throw new Error(`tus: ${begun.status} ${begun.text.slice(0, 300)}`);
  const path = new URL(begun.headers.location, scene.server.url).pathname;
  const patch = { ...headers, 'upload-offset': 0, 'content-type': 'application/offset+octet-stream' };
  let reply = await sendHttp(scene, { port: api, path, method: 'PATCH', headers: patch }, body);
  for (let asked = 0; reply.status === 423 && asked < WAIT_S; asked++) reply = await sendHttp(scene, { port: api, path, method: 'HEAD', headers }, nothing);
  if (reply.headers['gatehouse-state'] !== 'released') throw new Error(`tus: ${reply.status} ${reply.headers['gatehouse-state']} ${reply.text.slice(0, 300)}`);
}

/** A ticket takes 1,000 uploads; the next one is made when it is used up. */
let ticket;
async function takeTicket(server) {
  if (ticket?.server !== server || ticket.left === 0) ticket = { server, left: 1000, secret: makeTicket(server) };
  ticket.left -= 1;
  return `Bearer ${await ticket.secret}`;
}

export async function makeTicket(server) {
  const response = await fetch(`${server.url}/v1/tickets`, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'bench', maxUploads: 1000, maxBytes: 2 ** 40, minutes: 60 }),
  });
  if (!response.ok) throw new Error(`no ticket: ${response.status} ${await response.text()}`);
  return (await response.json()).ticket;
}

function toForm(body) {
  const head = Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\nContent-Type: application/octet-stream\r\n\r\n`);
  const end = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  return {
    sizeBytes: head.length + body.sizeBytes + end.length,
    *pieces() {
      yield head;
      yield* body.pieces();
      yield end;
    },
  };
}

function sendHttp({ agent }, { port, path, method, headers }, body) {
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest({ host: '127.0.0.1', port, path, method, agent, headers: { ...headers, 'content-length': body.sizeBytes } });
    outgoing.once('error', (error) => {
      // The other side closed a connection that nobody had used for a while, in the same moment.
      const isStale = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code) && body.abortAfterBytes === undefined;
      if (isStale) resolve(sendHttp({ agent }, { port, path, method, headers }, body));
      else reject(error);
    });
    outgoing.once('response', (incoming) => {
      const chunks = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text: Buffer.concat(chunks).toString() }));
    });
    void writeAll(outgoing, body.pieces(), body.abortAfterBytes).then(() => outgoing.end());
  });
}

async function writeAll(stream, pieces, abortAfterBytes = Infinity) {
  let written = 0;
  for (const piece of pieces) {
    written += piece.length;
    if (written > abortAfterBytes) stream.destroy(new Error('broken off'));
    if (stream.destroyed) return;
    if (!stream.write(piece)) await waitForDrain(stream);
  }
}

/** As many clients cut a stream: what a surface pays for each piece shows here. */
function inSmall(body) {
  return {
    ...body,
    *pieces() {
      for (const piece of body.pieces()) for (let at = 0; at < piece.length; at += SMALL_BYTES) yield piece.subarray(at, at + SMALL_BYTES);
    },
  };
}

/** Leaves no listener behind: a gigabyte has 15,000 pieces. */
function waitForDrain(stream) {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

function* inChunks(pieces) {
  for (const piece of pieces) {
    yield Buffer.from(`${piece.length.toString(16)}\r\n`);
    yield piece;
    yield Buffer.from('\r\n');
  }
  yield Buffer.from('0\r\n\r\n');
}

function* inLengths(pieces) {
  for (const piece of pieces) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(piece.length);
    yield length;
    yield piece;
  }
  yield Buffer.alloc(4);
}

/** A connection for each request; how much came back is counted, not kept. */
function converse(port, { pieces, abortAfterBytes, isEnd }) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let [text, bytes] = ['', 0];
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (text.length < 4096) text += chunk.toString('latin1');
      if (isEnd?.(text) === true) socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve({ text, bytes }));
    void writeAll(socket, pieces(), abortAfterBytes);
  });
}

async function sendIcap(port, body, takes204) {
  const head =
    `REQMOD icap://gatehouse/reqmod ICAP/1.0\r\nHost: gatehouse\r\nConnection: close\r\n${takes204 ? 'Allow: 204\r\n' : ''}` +
    `Encapsulated: req-hdr=0, req-body=${INNER.length}\r\n\r\n${INNER}`;
  const pieces = function* () {
    yield Buffer.from(head);
    yield* inChunks(body.pieces());
  };
  const { text, bytes } = await converse(port, { pieces, abortAfterBytes: body.abortAfterBytes });
  const isTaken = takes204 ? text.startsWith('ICAP/1.0 204 ') : text.startsWith('ICAP/1.0 200 ') && text.includes('PUT /upload') && bytes > body.sizeBytes;
  if (!isTaken) throw new Error(`ICAP: ${text.slice(0, 300)}`);
}

async function sendClamd(port, body) {
  const pieces = function* () {
    yield Buffer.from('zINSTREAM\0');
    yield* inLengths(body.pieces());
  };
  const { text } = await converse(port, { pieces, abortAfterBytes: body.abortAfterBytes, isEnd: (said) => said.endsWith('\0') });
  if (text !== 'stream: OK\0') throw new Error(`clamd: ${text.slice(0, 300)}`);
}
