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

/** Wall microseconds of a synchronous operation, sampled `count` times. */
export function wallUs(work, count) {
  const samples = [];
  for (let i = 0; i < count; i++) {
    const before = process.hrtime.bigint();
    work(i);
    samples.push(Number(process.hrtime.bigint() - before) / 1000);
  }
  return spread(samples);
}

export function spread(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
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

const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds so far and resident MiB now, by kind of process. */
export function readTree(pid) {
  const kinds = { gateway: { cpuS: 0, rssMib: 0 }, decoders: { cpuS: 0, rssMib: 0 }, postgres: { cpuS: 0, rssMib: 0 } };
  for (const member of listTree(pid)) {
    try {
      const stat = readFileSync(`/proc/${member}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${member}/cmdline`, 'utf8');
      const kind = member === pid ? 'gateway' : command.includes('decoder-process') ? 'decoders' : command.includes('postgres') ? 'postgres' : 'gateway';
      // The sessions of PostgreSQL come and go: those that ended stand in the figures of their parent.
      const ended = kind === 'postgres' ? Number(fields[13]) + Number(fields[14]) : 0;
      kinds[kind].cpuS += (Number(fields[11]) + Number(fields[12]) + ended) / TICKS_PER_S;
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
