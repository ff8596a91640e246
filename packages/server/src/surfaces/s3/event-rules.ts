/**
 * Events of stores, as hints: which keys to look at. What is there, and in which version, says only the store itself. Shapes: AWS 2.1 (and what is
 * compatible with it), Ceph 2.2, EventBridge, each also inside an SNS message. Pure.
 */
import { z } from 'zod';
import { encodeKey, readUrlEncoded, type EncodedKey } from './key-rules.ts';

const RecordSchema = z.object({ eventName: z.string(), s3: z.object({ bucket: z.object({ name: z.string() }), object: z.object({ key: z.string() }) }) });
const EventsSchema = z.object({ Records: z.array(z.unknown()).max(1000) });
const BridgeSchema = z.object({
  'detail-type': z.literal('Object Created'),
  detail: z.object({ bucket: z.object({ name: z.string() }), object: z.object({ key: z.string() }) }),
});
const SnsSchema = z.object({ Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']), Message: z.string().default('') });
const ConfirmationSchema = z.object({ Type: z.literal('SubscriptionConfirmation'), SubscribeURL: z.url({ protocol: /^https$/ }) });

/** https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html; nobody else is called. */
const SNS_HOST = /^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

export interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

/** Keys of our bucket that something was stored under. Whatever cannot be read hints at nothing. */
export function readHints(message: unknown, place: Place): EncodedKey[] {
  const found = readObjects(unwrap(message)).filter(({ bucket }) => bucket === place.bucket);
  // AWS encodes keys in events, others do not: whichever of the two there is will be found.
  const keys = found.flatMap(({ key }) => [key, readUrlEncoded(key)]).filter((key) => key?.startsWith(place.prefix) === true);
  return [...new Set(keys.map((key) => encodeKey(key ?? '')).filter((key) => key !== undefined))];
}

/** Where a subscription of SNS is confirmed, if this is the question whether it is wanted. */
export function readConfirmation(message: unknown): string | undefined {
  const url = ConfirmationSchema.safeParse(message).data?.SubscribeURL;
  return url !== undefined && SNS_HOST.test(new URL(url).host) ? url : undefined;
}

function unwrap(message: unknown): unknown {
  const sns = SnsSchema.safeParse(message);
  if (!sns.success) return message;
  try {
    return JSON.parse(sns.data.Message);
  } catch {
    return undefined;
  }
}

function readObjects(message: unknown): { bucket: string; key: string }[] {
  const bridge = BridgeSchema.safeParse(message);
  if (bridge.success) return [{ bucket: bridge.data.detail.bucket.name, key: bridge.data.detail.object.key }];
  const records = EventsSchema.safeParse(message).data?.Records ?? [];
  return records.flatMap((record) => {
    const { data } = RecordSchema.safeParse(record);
    if (data === undefined || !/(?:^|:)ObjectCreated:/.test(data.eventName)) return [];
    return [{ bucket: data.s3.bucket.name, key: data.s3.object.key }];
  });
}
