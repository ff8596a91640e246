/** When witnesses are asked, and what their answers mean. Pure. */
import type { CosignerFault } from './witness-schema.ts';

const MINUTE_MS = 60_000;
const DELAY_MAX_MS = 60 * MINUTE_MS;

/** The beginning of the next minute: at most once in each. */
export function planNextAsk(now: Date): Date {
  return new Date((Math.floor(now.getTime() / MINUTE_MS) + 1) * MINUTE_MS);
}

/** After 1, 2, 4, ... minutes, at most an hour. @param failures in a row, with this one */
export function planRetry(now: Date, failures: number): Date {
  return new Date(planNextAsk(now).getTime() + Math.min(DELAY_MAX_MS, MINUTE_MS * 2 ** Math.min(failures - 1, 10)) - MINUTE_MS);
}

/** What the log tells a witness, and what came back. */
export interface Asked {
  /** That was claimed to be the last one that the witness cosigned. */
  readonly oldSize: number;
  /** Of the checkpoint. */
  readonly size: number;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

export type Reading =
  | { readonly kind: 'cosigned' }
  /** Ask again with a proof from there. */
  | { readonly kind: 'again'; readonly oldSize: number }
  /** The witness has more than this checkpoint. */
  | { readonly kind: 'ahead'; readonly size: number }
  | { readonly kind: 'failed'; readonly fault: CosignerFault };

/** C2SP tlog-witness, "add-checkpoint". */
export function readAnswer({ oldSize, size }: Asked, { status, body }: Answered): Reading {
  if (status === 200) return { kind: 'cosigned' };
  if (status === 409) {
    const named = /^(0|[1-9]\d{0,15})\n?$/.exec(body)?.[1];
    // It agrees about the size, and not about the root.
    if (named === undefined || Number(named) === oldSize) return { kind: 'failed', fault: oldSize === size ? 'forked' : 'status' };
    return Number(named) > size ? { kind: 'ahead', size: Number(named) } : { kind: 'again', oldSize: Number(named) };
  }
  return { kind: 'failed', fault: FAULTS[status] ?? 'status' };
}

/** 422: our proof holds for our tree, so that it remembers another one. */
const FAULTS: Readonly<Record<number, CosignerFault>> = { 400: 'refused', 403: 'unknown_key', 404: 'unknown_log', 422: 'forked' };
