/** What `gatehouse doctor`, the health page and /readyz ask of screening. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import type { Check, CheckResult } from '../platform/domain.ts';
import type { DecodeOutcome, DecoderPool } from './decoder-pool.ts';

/** A grey PNG of 70 x 66 pixels, made of blocks, and its PDQ hash (quality 100). */
export const PROBE_PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAEYAAABCCAAAAADP1P9OAAAACXBIWXMAAAPoAAAD6AG1e1JrAAABIElEQVRYw+2UQW6EQAwE65P+pD85e9hAoDsWSkvcZo6wLlbjUsFx6uf0Os75oo9zPq/z19/HKKYVU4pBMcsxrZhSDIpZjmnFlGJQzHJMK6YUg2KWY1oxpRjd' +
  'Ry3HtGJKMeNaL5hWTClmjWv9xbRiUMxa41r9z7TezOXOxrXyD1UFc/tmMuQuMPp9xzy4wOj3DfPkAqPff13/6AKj3xfMswuMfl+2+OwCO1uvZysZchdIWucukLTOXSBpnbtA0jp3gaR17sLO1vvZSobcBZLWuQskrXMXSFrnLpC0zl0gaZ27sLP1fraSIXeB' +
  'pHXuAknr3AWS1rkLJK1zF0ha5y7sbL2frWTIXSBpnbtA0jp3gaR17gJJ69wFkta5Cztbr2frA87A89K3COSZAAAAAElFTkSuQmCC';
export const PROBE_HASH = 'bd4fe229b9484ee0bd47219da5a7df5678b96812c8ade95246f920a95a585e62';

/** Work that was done so recently is proof enough: a busy node must not turn unready because its probe waits in the queue. */
const RECENT_MS = 30_000;
const PROBE_MS = 10_000;
const REINSTALL = 'Run `npm ci` again on this machine (the decoder needs the sharp build of this platform), then `gatehouse doctor`.';

export function createScreeningChecks(pool: DecoderPool, clock: Clock): readonly Check[] {
  return [
    { name: 'screening.decoders', title: 'Decoders', isReadiness: true, run: () => checkDecoders(pool, clock) },
    { name: 'screening.isolation', title: 'Decoder isolation', run: () => checkIsolation(pool, clock) },
  ];
}

async function checkDecoders(pool: DecoderPool, clock: Clock): Promise<CheckResult> {
  const { lastSuccessMs, processes } = pool.state;
  const about = `${processes} process${processes === 1 ? '' : 'es'} at most, ${pool.length} screening${pool.length === 1 ? '' : 's'} waiting or under way`;
  if (lastSuccessMs !== undefined && clock.monotonicMs() - lastSuccessMs < RECENT_MS)
    return { status: 'ok', finding: `A picture was decoded and hashed within the last ${RECENT_MS / 1000} s; ${about}.` };
  const outcome = await probe(pool);
  if (outcome.kind === 'hashed') {
    const isRight = outcome.hashed.pictures[0]?.hashes[0] === PROBE_HASH;
    if (isRight) return { status: 'ok', finding: `The built-in picture was decoded and has the right hash; ${about}.` };
    return {
      status: 'fail',
      finding: 'The built-in picture was decoded but has a wrong hash: nothing that this node hashes can be trusted.',
      remedy: REINSTALL,
    };
  }
  if (outcome.kind === 'failed' && (outcome.reason === 'cancelled' || outcome.reason === 'queue_full')) {
    return {
      status: 'attention',
      finding: `The decoders are busy: the built-in picture was not decoded within ${PROBE_MS / 1000} s; ${about}.`,
      remedy: 'Wait, or give it more processor time (GATEHOUSE_DECODE_PROCESSES, more cores, more nodes).',
    };
  }
  const complaint = pool.state.complaint;
  return {
    status: 'fail',
    finding: `The built-in picture could not be decoded (${outcome.reason}).${complaint === undefined ? '' : ` The decoder said: ${firstLine(complaint)}`}`,
    remedy: REINSTALL,
  };
}

async function checkIsolation(pool: DecoderPool, clock: Clock): Promise<CheckResult> {
  // What is in force is known once a process was started.
  if (pool.state.lastSuccessMs === undefined) await checkDecoders(pool, clock);
  const { isolation } = pool.state;
  const memory = process.platform === 'linux' ? 'memory is watched' : 'memory is not watched on this system (pixel limits bound it)';
  const limits = isolation.hasLimits ? 'no core dumps, no writing to files' : 'no limits on core dumps and files';
  if (isolation.network === 'cut_off')
    return { status: 'ok', finding: `Decoders run without network (a network namespace of their own), ${limits}; ${memory}.` };
  return {
    status: 'attention',
    finding: `Decoders run in processes of their own, but the network could not be cut off; ${limits}; ${memory}.`,
    remedy:
      'On Linux, install util-linux (unshare) and allow user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or run the container with a network policy that forbids outgoing connections.',
  };
}

async function probe(pool: DecoderPool): Promise<DecodeOutcome> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-probe-'));
  try {
    const path = join(dir, 'probe.png');
    await writeFile(path, Buffer.from(PROBE_PNG, 'base64'), { mode: 0o600 });
    return await pool.decode({ path, key: 'health-check', signal: AbortSignal.timeout(PROBE_MS) });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function firstLine(text: string): string {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .find((line) => /error|cannot|could not/i.test(line)) ??
    text.split('\n')[0] ??
    ''
  );
}
