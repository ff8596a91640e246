/** Whether the store is set up so that nothing slips past: what `gatehouse s3 check` and `gatehouse doctor` say. */
import { isLoopback } from '../../platform/config.ts';
import type { S3Parts } from './parts.ts';
import { S3Fault, type S3Reason, type S3Review } from './schema.ts';
import { countObjects, findPresent, readListingState } from './store.ts';

type Finding = S3Review['items'][number];

const TIMEOUT_MS = 15_000;

const REMEDIES: Readonly<Partial<Record<S3Reason, string>>> = {
  credentials: 'The store does not accept the key. Correct GATEHOUSE_S3_ACCESS_KEY_ID, GATEHOUSE_S3_SECRET_ACCESS_KEY and GATEHOUSE_S3_REGION.',
  denied: 'The key may not do that. Give it the rights that docs/guide/s3.md lists.',
  no_bucket: 'There is no such bucket. Make it, or correct its name.',
  clock: 'The clock of this machine and that of the store differ by more than 15 minutes. Set the clock.',
  unavailable: 'The store does not answer. Check GATEHOUSE_S3_ENDPOINT and the network.',
};
const OTHER_REMEDY = 'Check GATEHOUSE_S3_ENDPOINT and GATEHOUSE_S3_PATH_STYLE: what answers there does not speak S3 as expected.';

export async function reviewStore(parts: S3Parts): Promise<S3Review> {
  const { places } = parts;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const items = await Promise.all([
    judge('quarantine', () => reviewListing(parts, places.quarantine, signal)),
    judge('released', () => reviewListing(parts, places.released, signal)),
    judge('versions', () => reviewVersions(parts, signal)),
    judge('strangers', () => reviewStrangers(parts, signal)),
    judge('connection', async () => reviewConnection(places.endpoint)),
    judge('objects', () => reviewObjects(parts)),
  ]);
  return { items };
}

async function judge(name: string, look: () => Promise<Omit<Finding, 'name'>>): Promise<Finding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    if (!(error instanceof S3Fault)) throw error;
    return { name, status: 'fail', finding: error.message, remedy: REMEDIES[error.reason] ?? OTHER_REMEDY };
  }
}

async function reviewListing({ client }: S3Parts, bucket: string, signal: AbortSignal): Promise<Omit<Finding, 'name'>> {
  await client.list({ bucket, prefix: 'upl_', areVersions: false, next: [['max-keys', '1']] }, signal);
  return { status: 'ok', finding: `The bucket ${bucket} answers.` };
}

async function reviewVersions({ client, places }: S3Parts, signal: AbortSignal): Promise<Omit<Finding, 'name'>> {
  const versioning = await client.readVersioning(places.quarantine, signal);
  if (versioning === 'Enabled') return { status: 'ok', finding: 'The quarantine bucket keeps versions.' };
  return {
    status: 'attention',
    finding: 'The quarantine bucket keeps no versions: an object that is overwritten before it is read is lost. What is released is still what was screened.',
    remedy: 'Switch versioning on (PutBucketVersioning, Status Enabled).',
  };
}

/** As anybody on the network of this node could ask. */
async function reviewStrangers({ client, places, context }: S3Parts, signal: AbortSignal): Promise<Omit<Finding, 'name'>> {
  const isOpen = (status: number): boolean => status === 200;
  const open: string[] = [];
  if (isOpen(await client.askAsStranger({ bucket: places.quarantine }, signal))) open.push('list it');
  const present = await findPresent(context.database.sql);
  if (present !== undefined && isOpen(await client.askAsStranger({ bucket: places.quarantine, key: present.object_key }, signal))) open.push('read an object');
  if (open.length === 0) return { status: 'ok', finding: 'Without a key the quarantine bucket gives nothing.' };
  return {
    status: 'fail',
    finding: `The quarantine bucket is open: without a key, anybody can ${open.join(' and ')}. What was not screened is public.`,
    remedy: 'Remove the public access from the bucket (its policy and its access control list) at once.',
  };
}

function reviewConnection(endpoint: string): Omit<Finding, 'name'> {
  const { protocol, hostname } = new URL(endpoint);
  if (protocol === 'https:' || isLoopback(hostname.replaceAll(/^\[|\]$/g, ''))) return { status: 'ok', finding: `The store is asked at ${endpoint}.` };
  return {
    status: 'attention',
    finding: `The store is asked at ${endpoint}, without TLS: what passes can be read on the way, content not yet screened among it.`,
    remedy: 'Use https, unless the network between this node and the store is yours alone.',
  };
}

async function reviewObjects({ context, places }: S3Parts): Promise<Omit<Finding, 'name'>> {
  const { byState, failing } = await countObjects(context.database.sql);
  const listing = await readListingState(context.database.sql, places.quarantine);
  const rejected = byState.rejected ?? 0;
  if (listing?.fault !== null && listing?.fault !== undefined)
    return {
      status: 'fail',
      finding: `The last listing of the quarantine bucket failed (${listing.fault}).`,
      remedy: 'Do what the other findings say. Nothing is lost; it is tried again.',
    };
  if (failing > 0)
    return {
      status: 'attention',
      finding: `${failing} objects wait for another attempt.`,
      remedy: 'See their faults in the log. Nothing is lost; each is tried again.',
    };
  if (rejected > 0)
    return {
      status: 'attention',
      finding: `${rejected} objects were not taken (too large, or not what was announced). They are still in the quarantine bucket.`,
      remedy: 'Look at the limits, and let a lifecycle rule remove old objects from the bucket.',
    };
  return { status: 'ok', finding: 'No object waits for another attempt.' };
}
