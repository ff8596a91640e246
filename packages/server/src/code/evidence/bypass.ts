/** Tries to get past the gate of age checks, through this process's own listener. What is sent is made by the domain `age`, which knows how passes are made. */
import type { AgeService, GateProbe } from '../../age/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { requestOwn } from '../../platform/own-request.ts';
import { insertProbes, type ProbeResult } from './store-probes.ts';

const TIMEOUT_MS = 5_000;

export interface BypassParts {
  readonly context: AppContext;
  readonly probes: AgeService['enforcement']['probes'];
}

/** @returns what was found; nothing where there is no listener */
export async function probeGate({ context, probes }: BypassParts, signal: AbortSignal): Promise<readonly ProbeResult[]> {
  const { clock, database } = context;
  const url = context.ownUrl();
  if (url === undefined) return [];
  const results: ProbeResult[] = [];
  for (const probe of await probes()) results.push(toResult(probe, clock.now(), await ask(url, probe, signal)));
  await insertProbes(database.sql, results);
  return results;
}

async function ask(url: string, { path, headers }: GateProbe, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await requestOwn({ url, path, headers, timeoutMs: TIMEOUT_MS, signal });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function toResult({ name, mayPass }: GateProbe, at: Date, status: number | undefined): ProbeResult {
  const isThrough = status !== undefined && status < 400;
  const isRefused = status === 401 || status === 403;
  return {
    kind: 'gate',
    subject: name,
    at,
    isOk: mayPass ? isThrough : isRefused,
    finding: status === undefined ? 'no answer' : `status ${status}`,
    // Neither let through nor refused (too many requests, a fault): it shows nothing.
    figures: { through: isThrough ? 1 : 0, answered: isThrough || isRefused ? 1 : 0 },
  };
}
