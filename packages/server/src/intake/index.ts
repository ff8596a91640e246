/** Intake: content in, verdict, disposition, receipt out. See README.md. */
import { inDataDir } from '../platform/config.ts';
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { takeNodeName } from '../platform/node-name.ts';
import { createWaiters } from '../platform/waiters.ts';
import type { ScreeningService, Stub } from '../screening/index.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { measureIntake } from './evidence-sources.ts';
import { readSecret } from './callbacks.ts';
import { jobs } from './jobs.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { createCounters, versionPolicy, type ListSet, type Parts } from './parts.ts';
import { openReceiptSigner } from './receipts.ts';
import { RECHECK_JOB } from './revocation.ts';
import { routes } from './routes.ts';
import type { PreviewRenderer } from './schema.ts';
import { createScreener } from './screener.ts';
import { createIntakeService, type IntakeService } from './service.ts';
import { openSpool } from './spool.ts';
import { createStorage } from './storage.ts';
import { noteListChange } from './store-evidence.ts';
import { logSources } from './store-log.ts';
import { noteKey } from './store-receipts.ts';
import { abandonReceiving } from './store.ts';

export * from './schema.ts';
export { describeDisposition, DispositionTag, ScreeningExplanation, VerdictTag } from './explanation.tsx';
export { decide, describeForUploader, type Decision, type Policy } from './rules.ts';
export { verifyReceiptOffline, RECEIPT_TYPE, type OfflineCheck } from './receipts.ts';
export type { IntakeService, Submission, Waiting } from './service.ts';
export { CANARY } from './canary.ts';
export { collect, type Feed } from './uploads.ts';
export type { Announced, Spooled, SpoolRequest } from './spool.ts';
export type { PassRequest } from './passing.ts';
export { isMultipart, openFeed, readAnnounced } from './request-content.ts';
export type { ScanRequest } from './contents.ts';

export interface IntakeNeeds {
  readonly lists: ListSet;
  readonly screening: ScreeningService & Partial<PreviewRenderer> & { readonly stub?: Stub };
}

/** The queues of jobs exist only after every domain has started. */
const RECOVER_FIRST_MS = 1_000;
const RECOVER_EVERY_MS = 15_000;

export const intakeDomain = defineDomain({
  name: 'intake',
  migrations,
  async create(context: AppContext, needs: IntakeNeeds) {
    const parts = await createParts(context, needs);
    const screener = createScreener(parts.value);
    parts.waiting = screener.waitingBytes;
    const service = createIntakeService({ ...parts.value, screener });
    const { database, clock, jobs: queue, events } = context;
    events.on('list.changed', async ({ listSetVersion }, tx) => {
      await noteListChange(tx ?? database.sql, listSetVersion, clock.now());
      await queue.enqueue(RECHECK_JOB, { listSetVersion }, { ...(tx === undefined ? {} : { tx }), retryLimit: 20, retryDelayS: 1 });
    });
    const stopping = new AbortController();
    let loop: Promise<void> = Promise.resolve();
    return {
      service,
      async start() {
        // The data directory is ours alone: whatever was being received here is gone.
        await parts.value.spool.sweep();
        await abandonReceiving(database.sql, { node: parts.value.node });
        await noteKey(database.sql, parts.value.signer.jwk, clock.now());
        await readSecret(parts.value);
        loop = recoverAgain(context, service, stopping.signal);
      },
      async stop() {
        stopping.abort();
        await loop;
        await screener.stop();
      },
    };
  },
  routes,
  pages,
  jobs,
  checks,
  logSources: () => logSources,
  async logStates(service: IntakeService) {
    // This node's own key stands first.
    const [key] = (await service.jwks()).keys;
    return [
      { kind: 'policy.changed', value: service.policyVersion },
      ...(key === undefined ? [] : [{ kind: 'key.changed' as const, purpose: 'receipts', value: key.kid }]),
    ];
  },
  commands,
  metrics(service: IntakeService, context: AppContext) {
    const { metrics } = context;
    measureIntake(context);
    metrics.gauge({ name: 'gatehouse_uploads_held', help: 'Uploads held for a decision.' }, async () => (await service.summarise()).byState.held);
    metrics.gauge({ name: 'gatehouse_uploads_undecided', help: 'Uploads received and not yet decided.' }, async () => {
      const { byState } = await service.summarise();
      return byState.received + byState.scanning;
    });
    metrics.gauge({ name: 'gatehouse_upload_waiting_bytes', help: 'Bytes in the spool and in uploads that wait for their verdict.' }, () =>
      service.waitingBytes(),
    );
    metrics.gauge({ name: 'gatehouse_callbacks_dead', help: 'Callbacks among the dead letters.' }, async () => (await service.summarise()).deadCallbacks);
  },
});

/** On every node, each looks for what it can take up itself; a scheduled job would run on one node only. */
async function recoverAgain({ clock, log, stopping: appStopping }: AppContext, service: IntakeService, own: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([own, appStopping]);
  for (let delayMs = RECOVER_FIRST_MS; ; delayMs = RECOVER_EVERY_MS) {
    await clock.sleep(delayMs, signal);
    if (signal.aborted) return;
    try {
      await service.upkeep.recover();
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'waiting uploads could not be looked for; it will be tried again');
    }
  }
}

async function createParts(context: AppContext, needs: IntakeNeeds): Promise<{ readonly value: Parts; waiting: () => number }> {
  const { config, blobs, clock, metrics } = context;
  const dir = inDataDir(config, 'spool');
  const holder = { waiting: (): number => 0 };
  const counts: (() => number)[] = [];
  const elsewhere = { bytes: () => counts.reduce((sum, count) => sum + count(), 0), add: (count: () => number) => void counts.push(count) };
  const spool = await openSpool({ dir, maxBytes: config.spoolMaxBytes, otherBytes: () => holder.waiting() + elsewhere.bytes() });
  const keyPath = config.receiptKeyFile ?? inDataDir(config, 'keys', 'receipt.pem');
  const value: Parts = {
    context,
    lists: needs.lists,
    screening: needs.screening,
    spool,
    elsewhere,
    storage: createStorage(blobs, dir),
    waiters: createWaiters(clock, context.stopping),
    signer: await openReceiptSigner(keyPath, config.receiptKeyFile === undefined),
    counters: createCounters(metrics),
    policy: config,
    policyVersion: versionPolicy(config),
    node: await takeNodeName(config),
  };
  return Object.assign(holder, { value });
}
