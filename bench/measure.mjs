/** Measuring: CPU time of this process and of others, medians with spread, the machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** CPU milliseconds that `work` takes, per round: the median and the range of `rounds`. */
export async function cpuMs(work, { rounds = 9, warmUp = 6 } = {}) {
  const samples = [];
  for (let i = -warmUp; i < rounds; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (i >= 0) samples.push((user + system) / 1000);
  }
  return spread(samples);
}

export function spread(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Wall microseconds of `work` on each item, one by one. */
export function timeEach(items, work) {
  const samples = new Float64Array(items.length);
  for (const [i, item] of items.entries()) {
    const began = performance.now();
    work(item);
    samples[i] = (performance.now() - began) * 1000;
  }
  return samples;
}

export const median = (values) => spread([...values]).p50;

/**
 * Rounds of the same work, item by item, as `timeEach` gives them: the median of the rounds' medians with their range; p99 and the longest of all; and
 * `best`, the longest of the items' shortest times, which leaves out what other processes did to single calls.
 */
export function summariseRounds(rounds) {
  const medians = rounds.map(median);
  const all = spread(rounds.flatMap((samples) => [...samples]));
  const shortest = [...rounds[0]].map((_none, i) => Math.min(...rounds.map((samples) => samples[i])));
  const best = spread(shortest);
  return { p50: median(medians), low: Math.min(...medians), high: Math.max(...medians), p99: all.p99, max: all.max, bestP99: best.p99, bestMax: best.max };
}

/**
 * Asks each contestant in turn, `rounds` times, for its median: `{ a: () => 12, b: async () => 15 }` gives `{ a: [12, …], b: [15, …] }`. What
 * disturbs a round disturbs all of it, so `ratioOf` compares round by round.
 */
export async function takeTurns(contestants, rounds) {
  const taken = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const [name, contest] of Object.entries(contestants)) taken[name].push(await contest());
  return taken;
}

/** Median and range of the ratios of two contestants, round by round. */
export function ratioOf(above, below) {
  const { min, p50, max } = spread(above.map((value, round) => value / below[round]));
  return { p50, low: min, high: max };
}

/** Bytes that a new process may take without pushing others out; all of the memory where the system does not say. */
export function readAvailableBytes() {
  if (!existsSync('/proc/meminfo')) return totalmem();
  return Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
}

/** A process with all its descendants; zombies and the vanished count nothing. */
export function listTree(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  const tree = [pid];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member && !tree.includes(child)) tree.push(child);
  return tree;
}

let ticksPerS;

/** CPU seconds so far and resident MiB now, by kind of process. */
export function readTree(pid) {
  ticksPerS ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const kinds = { gateway: { cpuS: 0, rssMib: 0 }, decoders: { cpuS: 0, rssMib: 0 }, postgres: { cpuS: 0, rssMib: 0 } };
  for (const member of listTree(pid)) {
    try {
      const stat = readFileSync(`/proc/${member}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${member}/cmdline`, 'utf8');
      // One that has ended and is not yet collected has no command any more; its time comes to its parent.
      if (command === '') continue;
      const kind = member === pid ? 'gateway' : command.includes('decoder-process') ? 'decoders' : command.includes('postgres') ? 'postgres' : 'gateway';
      // The sessions of PostgreSQL come and go: those that ended stand in the figures of their parent.
      const ended = kind === 'postgres' ? Number(fields[13]) + Number(fields[14]) : 0;
      kinds[kind].cpuS += (Number(fields[11]) + Number(fields[12]) + ended) / ticksPerS;
      kinds[kind].rssMib += (Number(fields[21]) * 4096) / 1048576;
    } catch {}
  }
  return kinds;
}

export function describeMachine() {
  const [cpu] = cpus();
  const load = existsSync('/proc/loadavg') ? readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 2).join(' ') : 'unknown';
  return { cpu: cpu?.model ?? 'unknown', cores: cpus().length, memoryGib: Math.round(totalmem() / 1024 ** 3), node: process.version, load };
}

export const round = (value, digits = 1) => Number(value.toFixed(digits));

/** "49.5 (48.9-51.2)": a median and its range. */
export const withRange = ({ p50, low, high }, digits = 1) => `${round(p50, digits)} (${round(low, digits)}-${round(high, digits)})`;
