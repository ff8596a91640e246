/**
 * The child's side: one library in a process of its own (cbor-x keeps its tags for the whole process), asked in lines of JSON on standard input, answering
 * in lines of JSON on standard output. `{ id, verb: 'verify', input }` gives `{ id, verdict: 'accept', reads }`, with the ages that a caller finds in what the library
 * returns, `{ id, verdict: 'refuse', reason }`, or `{ id, verdict: 'not applicable', reason }`; `{ id, verb: 'time', name, inputs? }` gives `{ id, samples, cpuUs }`, microseconds.
 */
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RealDate = Date;
let frozenMs;

/** Some of these libraries ask the system for the time and take no other. */
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 && frozenMs !== undefined ? [frozenMs] : args, newTarget === globalThis.Date ? target : newTarget),
  get: (target, name, receiver) => (name === 'now' ? () => frozenMs ?? RealDate.now() : Reflect.get(target, name, receiver)),
});

/** For what a library has no word for, which is not the same as refusing it. */
export class NotApplicable extends Error {}

/** @param openVerifier `(anchors) => (input) => Promise` of claims (pairs of name and value), which rejects to refuse. @param about the package that answers, and which call of it */
export function serve(openVerifier, { library, call }) {
  answer({ about: { library, version: readVersion(library), call } });
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  let last = Promise.resolve();
  lines.on('line', (line) => {
    last = last.then(async () => {
      const { id, verb, ...question } = JSON.parse(line);
      answer({ id, ...(verb === 'time' ? await time(openVerifier, question) : await judge(openVerifier, question)) });
    });
  });
}

function readVersion(library) {
  const folder = [import.meta.dirname, join(import.meta.dirname, '../..')].map((root) => join(root, 'node_modules', library)).find(existsSync);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

function answer(message) {
  // All of it before anything else happens: the next input may end this process.
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

async function judge(openVerifier, { input }) {
  frozenMs = RealDate.parse(input.now);
  try {
    const claims = await openVerifier(readAnchors(input))(input);
    return { verdict: 'accept', reads: claims.filter(([name]) => name.startsWith('age_')) };
  } catch (error) {
    return { verdict: error instanceof NotApplicable ? 'not applicable' : 'refuse', reason: describe(error) };
  }
}

/** One line of it, without values that differ from run to run. */
function describe(error) {
  if (error instanceof NotApplicable) return error.message;
  const text = error instanceof Error ? `${error.code ?? error.name}: ${error.message}` : String(error);
  return text.split('\n')[0].slice(0, 160);
}

/** One verifier for one set of anchors, for as long as this process lives. */
const opened = new Map();

/** Each input once, one after the other. Inputs that were sent before need not come again. A refusal ends this process: a wrong figure is none. */
async function time(openVerifier, { name, inputs }) {
  frozenMs = undefined;
  if (inputs !== undefined) opened.set(name, { inputs, verify: openVerifier(readAnchors(inputs[0])) });
  const { inputs: known, verify } = opened.get(name);
  const samples = [];
  const before = process.cpuUsage();
  for (const input of known) {
    const began = performance.now();
    await verify(input);
    samples.push((performance.now() - began) * 1000);
  }
  const { user, system } = process.cpuUsage(before);
  return { samples, cpuUs: user + system };
}

function readAnchors({ anchors }) {
  return anchors.map((anchor) => Buffer.from(anchor, 'base64'));
}

export function toPem(certificate) {
  const lines = Buffer.from(certificate)
    .toString('base64')
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
