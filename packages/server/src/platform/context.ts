/** What the platform gives to every domain. Built once, in app.ts. */
import type { BlobStore } from './blobs.ts';
import type { Clock } from './clock.ts';
import type { Config, SettingView } from './config.ts';
import type { Database } from './db/database.ts';
import type { Events } from './events.ts';
import type { Evidence } from './evidence.ts';
import type { Jobs } from './jobs.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Outbound } from './outbound.ts';

export interface Blobs {
  /** Content that was not cleared, or not yet. */
  readonly quarantine: BlobStore;
  /** Cleared content, until it is fetched or expires. */
  readonly released: BlobStore;
  /** Immutable list segments. */
  readonly segments: BlobStore;
}

export interface AppContext {
  readonly config: Config;
  readonly settings: readonly SettingView[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: Events;
  /** Where this process listens, for requests to itself; undefined when only the control socket is open. */
  readonly ownUrl: () => string | undefined;
  /** What domains measure about themselves, for the domain `code` to judge. */
  readonly evidence: Evidence;
  readonly database: Database;
  readonly jobs: Jobs;
  readonly blobs: Blobs;
  /** The one way to call another machine. */
  readonly outbound: Outbound;
  /** The address that people and services use, without a trailing slash; known once the server listens. */
  publicUrl(): string;
  /** Aborted when the app begins to stop. */
  readonly stopping: AbortSignal;
}
