/**
 * Asks POST /v1/match over some connections for some seconds, one request after the other on each, and checks every answer. Sockets rather than an
 * HTTP client, so that little of the machine goes to the one who asks. A child process of match.mjs.
 */
import { connect } from 'node:net';
import { createDraw } from './data.mjs';
import { drawHashes, KNOWN } from './match.mjs';
import { spread } from './measure.mjs';

const KNOWN_EVERY = 50;
const BODIES = 4096;

process.once('message', (options) => void run(options));

async function run(options) {
  const requests = prepare(options);
  const state = { next: 0, requests: 0, wrong: 0, hits: 0, example: '', times: [] };
  const cpu = process.cpuUsage();
  const began = performance.now();
  const endMs = began + options.seconds * 1000;
  await Promise.all(Array.from({ length: options.connections }, () => ask(options, { requests, state, endMs })));
  const wallS = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { times, ...counts } = state;
  process.send({ ...counts, wallS, cpuS: (user + system) / 1e6, ...spread(times) }, () => process.disconnect());
}

/** Requests as bytes, each with how many of its signals are on the list. */
function prepare({ url, headers, signals, seed }) {
  const known = Buffer.concat([...drawHashes(KNOWN)]);
  const draw = createDraw(seed * 7919);
  const { host } = new URL(url);
  return Array.from({ length: Math.ceil(BODIES / signals) }, () => {
    let expected = 0;
    const asked = Array.from({ length: signals }, () => {
      if (draw() % KNOWN_EVERY !== 0) return { type: 'pdq', value: Buffer.from(Uint32Array.from({ length: 8 }, draw).buffer).toString('hex') };
      expected += 1;
      const at = draw() % KNOWN;
      const value = Buffer.from(known.subarray(at * 32, at * 32 + 32));
      for (let flips = draw() % 32; flips > 0; flips--) {
        const bit = draw() % 256;
        value[bit >> 3] ^= 1 << (bit & 7);
      }
      return { type: 'pdq', value: value.toString('hex') };
    });
    const body = JSON.stringify({ signals: asked });
    const head = [
      'POST /v1/match HTTP/1.1',
      `host: ${host}`,
      `authorization: ${headers.authorization}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
    ];
    return { bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`), expected };
  });
}

function ask({ url }, { requests, state, endMs }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let [text, sentMs, current] = ['', 0, requests[0]];
    const send = () => {
      if (performance.now() >= endMs) return socket.end();
      current = requests[state.next++ % requests.length];
      sentMs = performance.now();
      socket.write(current.bytes);
    };
    socket.setEncoding('latin1');
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', resolve);
    socket.on('data', (chunk) => {
      text += chunk;
      const body = readBody(text);
      if (body === undefined) return;
      state.times.push(performance.now() - sentMs);
      check(state, { text, body, expected: current.expected });
      text = '';
      send();
    });
  });
}

/** Undefined as long as it is not whole. */
function readBody(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end));
  if (length === null) throw new Error(`an answer without a length: ${text.slice(0, end)}`);
  return text.length - end - 4 === Number(length[1]) ? text.slice(end + 4) : undefined;
}

/** Two uniform hashes of ten million are never within 31 bits of a random one: what was not planted must not match. */
function check(state, { text, body, expected }) {
  state.requests += 1;
  const hits = body.split('"outcome":"match"').length - 1;
  state.hits += hits;
  if (hits === expected && text.startsWith('HTTP/1.1 200') && body.includes('"complete":true')) return;
  state.wrong += 1;
  state.example ||= text.slice(0, 400);
}
