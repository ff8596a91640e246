/** What a device's signals are worth, and what senders are told. Pure. */
import type { Disposition, UploadState } from '../../intake/index.ts';
import type { PictureHashes, QuerySignals } from '../../lists/index.ts';
import type { Screening } from '../../screening/index.ts';
import type { Outcome, PermitReply, PermitRequest } from './schema.ts';

/** Every answer has this length: it tells nobody on the way which one it was. The longest one needs less. */
export const REPLY_BYTES = 640;
/** Of a question about one picture. A "no" costs as much as two questions: whoever tries changes of a listed picture gets on half as fast. */
export const COST = { asked: 1, denied: 1 } as const;

const ORIENTATIONS = 8;

/** As the gate would compare an upload; the device names one digest, and the two others are equal to nothing. */
export function toSignals({ sha256, pictures }: Pick<PermitRequest, 'sha256' | 'pictures'>): QuerySignals {
  return { digests: { md5: '', sha1: '', sha256 }, pictures: pictures.map(toPicture) };
}

/** A device that sends one hash is compared with that one: the others are repeats of it. */
function toPicture({ form, quality, pdq }: PermitRequest['pictures'][number]): PictureHashes {
  const hashes = typeof pdq === 'string' ? [pdq] : pdq;
  const [first = ''] = hashes;
  return { rendering: 'opaque', form, quality, hashes: Array.from({ length: ORIENTATIONS }, (_none, index) => hashes[index] ?? first) };
}

/**
 * A permit where the policy would release an upload with these signals. What the device could not decode is judged by its digest alone:
 * the gate decodes more formats than a browser, and decides anyway.
 */
export function isPermitted(screening: Screening, disposition: Disposition): boolean {
  if (screening.verdict === 'unscannable' && screening.reason === 'undecodable') return screening.hitCount === 0;
  return disposition === 'release';
}

export function describePermit(isGranted: boolean, reference: string): string {
  return isGranted ? 'This file can be sent.' : `This file cannot be sent. Reference ${reference}.`;
}

/** White space after JSON is part of no value. */
export function pad(reply: PermitReply): string {
  return JSON.stringify(reply).padEnd(REPLY_BYTES, ' ');
}

const STATES: Readonly<Record<UploadState, Outcome['state']>> = {
  created: 'waiting',
  receiving: 'waiting',
  received: 'pending',
  scanning: 'pending',
  released: 'released',
  // The sender does not learn which of them.
  held: 'not_released',
  refused: 'not_released',
  expired: 'ended',
  deleted: 'ended',
};

/** Its bytes are here, and it goes on without its sender. */
export function isTaken(state: UploadState): boolean {
  return STATES[state] !== 'waiting' && STATES[state] !== 'ended';
}

export function toOutcome(view: {
  readonly id: string;
  readonly state: UploadState;
  readonly message: string;
  readonly receipt?: string | undefined;
}): Outcome {
  return { id: view.id, state: STATES[view.state], message: view.message, ...(view.receipt === undefined ? {} : { receipt: view.receipt }) };
}
