/** The parent's side: a library in a process of its own, with a limit of time for each answer, started again after it died or was too slow. */
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

const LIMIT_MS = 20_000;
/** To load a library; a busy machine takes its time. */
const START_LIMIT_MS = 60_000;
/** By what they verify. */
export const ORACLES = { mdoc: ['auth0-mdl', 'owf-mdoc'], 'sd-jwt': ['sd-jwt-vc', 'meeco-sd-jwt'] };

/** @param program a name of ORACLES, or a path. @returns `about`, `ask(message)` and `close()` */
export async function openOracle(program, { limitMs = LIMIT_MS } = {}) {
  const path = program.endsWith('.mjs') ? program : join(import.meta.dirname, `${program}.mjs`);
  let child = await start(path);
  return {
    name: basename(path, '.mjs'),
    about: child.about,
    /** @returns its answer, or the verdict `died` or `too slow` */
    async ask(message) {
      if (child.isEnded()) child = await start(path);
      const answer = await child.ask(message, message.limitMs ?? limitMs);
      if (answer !== undefined) return answer;
      const verdict = child.isEnded() ? 'died' : 'too slow';
      // It may still be at it: the next question goes to another one.
      child.end();
      return { verdict };
    },
    close: () => child.end(),
  };
}

async function start(path) {
  const child = spawn(process.execPath, ['--max-old-space-size=512', path], { stdio: ['pipe', 'pipe', 'ignore'] });
  let isEnded = false;
  let take = () => undefined;
  const next = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => take(), ms);
      take = (value) => {
        clearTimeout(timer);
        take = () => undefined;
        resolve(value);
      };
    });
  child.once('exit', () => {
    isEnded = true;
    take();
  });
  // Writing to one that died is answered by its end.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => take(JSON.parse(line)));
  const hello = await next(START_LIMIT_MS);
  if (hello === undefined) {
    child.kill('SIGKILL');
    throw new Error(`${basename(path)} does not start: run it by itself to see why, or install the libraries with node bench/oracles/install.mjs`);
  }
  return {
    about: hello.about,
    isEnded: () => isEnded,
    ask(message, ms) {
      const answer = next(ms);
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return answer;
    },
    end() {
      isEnded = true;
      child.kill('SIGKILL');
    },
  };
}
