/**
 * How a decoder process is shut in: no network, no powers of root but reading, no core dumps (they would hold pictures) and no writing to files,
 * where the system can do that. unshare(1), setpriv(1) and sh(1) replace themselves by the next program, so that the process keeps its id and its channel.
 */
import { spawn } from 'node:child_process';
import { childEnvironment } from '../platform/config.ts';
import { keepMade } from '../platform/keep-made.ts';

export type Network = 'cut_off' | 'not_cut_off';

export interface Isolation {
  /** The command in front of the program, empty when there is none. */
  readonly prefix: readonly string[];
  readonly network: Network;
  /** Neither core dumps nor writing to files. */
  readonly hasLimits: boolean;
}

const LIMITS = ['/bin/sh', '-c', 'ulimit -c 0 && ulimit -f 0 && exec "$@"', 'gatehouse-decoder'];
/** Root keeps one capability, to read any file, and can gain no other. */
const READ_ONLY_ROOT = ['setpriv', '--no-new-privs', '--bounding-set=-all,+dac_read_search', '--inh-caps=-all', '--'];
/** As root in the first user namespace; otherwise in a user namespace of its own, with the same user inside. */
const NETWORKS = [
  ['unshare', '--net', '--', ...READ_ONLY_ROOT],
  ['unshare', '--net', '--'],
  ['unshare', '--user', '--map-current-user', '--net', '--'],
];
const PROBE_MS = 10_000;

/** Of file descriptors, processes, memory. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

export const NO_ISOLATION: Isolation = { prefix: [], network: 'not_cut_off', hasLimits: false };

/** The strongest that works here, tried once for this process; again after a fault of the system. @throws {Error} such a fault */
export const findIsolation = keepMade(() => probeIsolation());

/**
 * The strongest that works here, tried now.
 *
 * @throws {Error} when the system could not make a process, killed it, or was too slow for it, which says nothing about an isolation
 */
export async function probeIsolation(networks = process.platform === 'linux' ? NETWORKS : [], timeMs = PROBE_MS): Promise<Isolation> {
  if (process.platform === 'win32') return NO_ISOLATION;
  for (const network of networks) {
    const prefix = [...network, ...LIMITS];
    if (await runs(prefix, timeMs)) return { prefix, network: 'cut_off', hasLimits: true };
  }
  return (await runs(LIMITS, timeMs)) ? { prefix: LIMITS, network: 'not_cut_off', hasLimits: true } : NO_ISOLATION;
}

function runs([file = '', ...args]: readonly string[], timeMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args, '/bin/sh', '-c', 'exit 0'], { stdio: 'ignore', env: childEnvironment(), timeout: timeMs, killSignal: 'SIGKILL' });
    child.once('error', (error) => (SHORTAGES.has(String(Reflect.get(error, 'code'))) ? reject(error) : resolve(false)));
    child.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? reject(new Error('a probe of the isolation was killed, or took too long')) : resolve(code === 0),
    );
  });
}
