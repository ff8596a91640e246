/** What the files of intake share; built once, in index.ts. */
import { createHash } from 'node:crypto';
import type { Hit } from '../lists/index.ts';
import type { Config } from '../platform/config.ts';
import type { AppContext } from '../platform/context.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Waiters } from '../platform/waiters.ts';
import type { ScreeningService, Stub } from '../screening/index.ts';
import type { Policy } from './rules.ts';
import type { PreviewRenderer, ReceiptJwk } from './schema.ts';
import type { ReceiptSigner } from './receipts.ts';
import type { Spool } from './spool.ts';
import type { Storage } from './storage.ts';

/** What intake asks of the lists: which version is in force, and what the source calls an entry. */
export interface ListSet {
  matcher(): { readonly listSetVersion: number };
  addReferences(hits: readonly Hit[]): Promise<readonly Hit[]>;
}

export interface Parts {
  readonly context: AppContext;
  readonly lists: ListSet;
  readonly screening: ScreeningService & Partial<PreviewRenderer> & { readonly stub?: Stub };
  readonly spool: Spool;
  /** Bytes that surfaces keep until they are whole. */
  readonly elsewhere: { bytes(): number; add(count: () => number): void };
  readonly storage: Storage;
  readonly waiters: Waiters;
  readonly signer: ReceiptSigner;
  readonly counters: Counters;
  readonly policy: Policy;
  /** Changes when a setting changes that decides what is released. */
  readonly policyVersion: string;
  /** This data directory, for ever: a node that comes back knows its own leases. */
  readonly node: string;
}

/** Surface -> verdict -> how often. */
export type PassCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Counters {
  decided(verdict: string, disposition: string, seconds: number): void;
  received(bytes: number): void;
  scanned(verdict: string): void;
  passed(surface: string, verdict: string): void;
  /** Since the start of this node, by surface and verdict. */
  passes(): PassCounts;
  delivered(outcome: 'delivered' | 'failed' | 'dead'): void;
  revoked(reason: 'list_change' | 'deleted' | 'rescreen'): void;
}

export function createCounters(metrics: Metrics): Counters {
  const uploads = metrics.counter({
    name: 'gatehouse_uploads_decided_total',
    help: 'Uploads decided, by verdict and disposition.',
    labels: ['verdict', 'disposition'],
  });
  const seconds = metrics.histogram({
    name: 'gatehouse_upload_verdict_seconds',
    help: 'Time from complete content to its decision.',
    labels: ['verdict'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 1800],
  });
  const bytes = metrics.counter({ name: 'gatehouse_upload_bytes_total', help: 'Bytes of uploads and scans received whole.' });
  const scans = metrics.counter({ name: 'gatehouse_scans_total', help: 'Synchronous scans, by verdict.', labels: ['verdict'] });
  const passes = metrics.counter({
    name: 'gatehouse_passes_total',
    help: 'Content that surfaces asked about, by surface and verdict.',
    labels: ['surface', 'verdict'],
  });
  const tally: Record<string, Record<string, number>> = {};
  const callbacks = metrics.counter({ name: 'gatehouse_callbacks_total', help: 'Attempts to deliver a callback, by outcome.', labels: ['outcome'] });
  const receipts = metrics.counter({ name: 'gatehouse_receipts_revoked_total', help: 'Receipts withdrawn before their time, by reason.', labels: ['reason'] });
  return {
    decided(verdict, disposition, tookS) {
      uploads.add({ verdict, disposition });
      seconds.observe({ verdict }, tookS);
    },
    received: (size) => bytes.add({}, size),
    passed(surface, verdict) {
      passes.add({ surface, verdict });
      const own = (tally[surface] ??= {});
      own[verdict] = (own[verdict] ?? 0) + 1;
    },
    passes: () => tally,
    scanned: (verdict) => scans.add({ verdict }),
    delivered: (outcome) => callbacks.add({ outcome }),
    revoked: (reason) => receipts.add({ reason }),
  };
}

/** Twelve hexadecimal digits over every setting that decides what is released. */
export function versionPolicy(config: Pick<Config, 'onUnscannable' | 'onLowQuality' | 'requireLists' | 'stubMode'>): string {
  const settings = [config.onUnscannable, config.onLowQuality, config.requireLists, ...(config.stubMode ? ['stub mode'] : [])];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

/** A moment `amount` later. */
export function later(from: Date, amount: { readonly s?: number; readonly minutes?: number; readonly hours?: number; readonly days?: number }): Date {
  const { s = 0, minutes = 0, hours = 0, days = 0 } = amount;
  return new Date(from.getTime() + (s + 60 * minutes + 3600 * hours + 86_400 * days) * 1000);
}

export type { ReceiptJwk };
