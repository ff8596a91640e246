/** What a piece may do to an upload, and until when it is kept. Pure. */
import type { UploadView } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { AppendIntent } from './protocol.ts';
import type { OutcomeState } from './schema.ts';

export interface Standing {
  readonly offsetBytes: number;
  readonly sizeBytes: number | undefined;
}

export interface AppendPlan {
  /** Known from here on. */
  readonly sizeBytes: number | undefined;
  /** More than these are never written. */
  readonly roomBytes: number;
}

/** Decided before the first byte is read. @throws {GatehouseError} conflict, invalid_request, too_large */
export function planAppend(standing: Standing, intent: AppendIntent, maxBytes: number): AppendPlan {
  const { offsetBytes } = standing;
  if (intent.offsetBytes !== offsetBytes)
    throw new GatehouseError('conflict', `The upload is at ${offsetBytes}, the piece begins at ${intent.offsetBytes}. Nothing was added.`, {
      headers: { 'upload-offset': String(offsetBytes) },
    });
  const sizeBytes = standing.sizeBytes ?? intent.sizeBytes;
  if (intent.sizeBytes !== undefined && intent.sizeBytes !== sizeBytes)
    throw new GatehouseError('invalid_request', `The upload has ${sizeBytes} bytes; that cannot be changed. Nothing was added.`);
  checkSize(sizeBytes, maxBytes);
  const roomBytes = (sizeBytes ?? maxBytes) - offsetBytes;
  if (roomBytes < 0 || (intent.pieceBytes ?? 0) > roomBytes)
    throw new GatehouseError('too_large', `The piece is longer than the ${Math.max(0, roomBytes)} bytes that are missing. Nothing was added.`);
  return { sizeBytes, roomBytes };
}

/** @throws {GatehouseError} too_large, invalid_request for an empty file, which no one can publish */
export function checkSize(sizeBytes: number | undefined, maxBytes: number): void {
  if (sizeBytes === 0) throw new GatehouseError('invalid_request', 'An empty file is not accepted. Nothing was kept.');
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw new GatehouseError('too_large', `At most ${maxBytes} bytes are accepted here. Nothing was kept.`);
}

/** Each piece gives the sender new time, up to seven times of it: who sends a byte a day does not keep an upload for ever. */
const PERIODS_MAX = 7;

export function expiryAfter(createdAt: Date, now: Date, minutes: number): Date {
  const periodMs = minutes * 60_000;
  return new Date(Math.min(now.getTime() + periodMs, createdAt.getTime() + PERIODS_MAX * periodMs));
}

const OUTCOMES: Readonly<Record<UploadView['state'], OutcomeState>> = {
  created: 'pending',
  receiving: 'pending',
  received: 'pending',
  scanning: 'pending',
  released: 'released',
  // The sender does not learn which of them.
  held: 'not_released',
  refused: 'not_released',
  expired: 'ended',
  deleted: 'ended',
};

/** Of an upload whose bytes are all here. */
export function outcomeOf(state: UploadView['state']): OutcomeState {
  return OUTCOMES[state];
}
