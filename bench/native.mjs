/** Our own few lines of C++, compiled where they run, and asked in turn with the index. Where there is no g++ there are no rows. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const COMPILER = 'g++';
const FLAGS = ['-O3', '-march=native', '-std=c++20'];

/** Path of the program made from bench/native/<name>.cpp; undefined when there is no compiler that can make it. */
export function compileNative(name, extraFlags = []) {
  const folder = join(import.meta.dirname, 'native');
  const version = createHash('sha256').update([...FLAGS, ...extraFlags].join(' '));
  for (const file of ['common.hpp', `${name}.cpp`]) version.update(readFileSync(join(folder, file)));
  const out = join(tmpdir(), 'gatehouse-bench', `${name}-${version.digest('hex').slice(0, 16)}`);
  if (existsSync(out)) return out;
  mkdirSync(join(tmpdir(), 'gatehouse-bench'), { recursive: true });
  const { status, error, stderr } = spawnSync(COMPILER, [...FLAGS, ...extraFlags, '-o', `${out}.${process.pid}`, join(folder, `${name}.cpp`)], {
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    process.stderr.write(`bench: bench/native/${name}.cpp was not compiled: ${error?.message ?? stderr}\n`);
    return undefined;
  }
  renameSync(`${out}.${process.pid}`, out);
  return out;
}

/**
 * Starts a program that answers one line of JSON for each line that it is sent (bench/native/common.hpp says which), its first one unasked.
 * `about` is that first line.
 */
export async function openProgram(path, args) {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await Promise.race([lines.next(), ended.then((code) => Promise.reject(new Error(`${path} ended with ${code}`)))]);
    if (done) throw new Error(`${path} ended`);
    return JSON.parse(value);
  };
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return read();
  };
  const about = await read();
  return {
    about,
    /** Microseconds of one pass over queries `from` to `to`. */
    async time(variant, from, to) {
      const ns = await ask(`time ${variant} ${from} ${to}`);
      return Object.fromEntries(Object.entries(ns).map(([name, value]) => [name, value / 1000]));
    },
    hits: (variant) => ask(`hits ${variant}`),
    ask,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
