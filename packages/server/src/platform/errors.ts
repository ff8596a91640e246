/**
 * The one error class of the server and its closed set of codes. HTTP shows them as RFC 9457 problem+json, the CLI as
 * text, the console as a page; docs/guide/errors.md is generated from this table.
 */
import { EmbeddedPostgresError } from './db/embedded-errors.ts';
import { LockError } from './lock.ts';

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What the user can do about it, in one sentence. */
  readonly remedy: string;
}

export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request could not be understood', remedy: 'Correct the fields named in `errors` and send it again.' },
  unauthenticated: { status: 401, title: 'Credentials are needed', remedy: 'Send an API key as `Authorization: Bearer …`, or sign in to the console.' },
  sign_in_link_invalid: {
    status: 401,
    title: 'This sign-in link cannot be used',
    remedy: 'Links work once and for a short time. Make a new one with `gatehouse access sign-in-link`.',
  },
  forbidden: {
    status: 403,
    title: 'This key or person may not do that',
    remedy: 'Use a key that has the right named in `right`, or ask an administrator for it.',
  },
  csrf_failed: { status: 403, title: 'The form could not be confirmed as yours', remedy: 'Go back, reload the page and send the form again.' },
  not_found: { status: 404, title: 'Nothing was found here', remedy: 'Check the address and the id.' },
  method_not_allowed: { status: 405, title: 'That method is not offered here', remedy: 'See /docs for the methods of this address.' },
  conflict: { status: 409, title: 'The state does not allow that', remedy: 'Read the current state first; it is named in `detail`.' },
  log_diverged: {
    status: 409,
    title: 'The log does not continue what was signed before',
    remedy: 'Nothing more is signed until that is cleared up. `gatehouse doctor` and docs/guide/log.md say how; events are recorded meanwhile.',
  },
  idempotency_conflict: { status: 409, title: 'The idempotency key was used for another request', remedy: 'Use a new Idempotency-Key for a new request.' },
  gone: { status: 410, title: 'This no longer exists', remedy: 'It expired or was removed. Begin again.' },
  length_required: { status: 411, title: 'The length is needed', remedy: 'Send a Content-Length, or chunked encoding where it is allowed.' },
  too_large: { status: 413, title: 'The content is larger than allowed', remedy: 'Send less, or raise the limit named in `detail`.' },
  version_unsupported: {
    status: 412,
    title: 'That version of the protocol is not spoken here',
    remedy: 'Use a client that speaks a version named in Tus-Version.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not accepted here',
    remedy: 'Send one of the content types that /docs names for this address.',
  },
  misdirected: {
    status: 421,
    title: 'This host name is not served here',
    remedy: 'Use the address of the service, or add the name to GATEHOUSE_ALLOWED_HOSTS.',
  },
  not_published: {
    status: 422,
    title: 'This file could not be published',
    remedy: 'Sending it again changes nothing. Ask the service, and name the reference.',
  },
  length_mismatch: { status: 422, title: 'The content ended early or was longer than announced', remedy: 'Send the whole content again.' },
  digest_mismatch: { status: 422, title: 'The content does not have the announced digest', remedy: 'Send the content again; it was changed on its way.' },
  import_refused: { status: 422, title: 'The list was not imported', remedy: 'Correct the lines named in `errors`, or import without strict mode.' },
  target_invalid: {
    status: 422,
    title: 'The target was not set',
    remedy: 'Name a target of the catalogue, a number and a reason. `gatehouse code target list` lists them.',
  },
  catalogue_invalid: {
    status: 422,
    title: 'This is not a catalogue that can be used',
    remedy: 'Get the release again from whoever published it. The one in use stays.',
  },
  catalogue_signature: {
    status: 422,
    title: 'The signature of the catalogue does not hold',
    remedy: 'Get catalogue and note again. If somebody else publishes it, add their verifier key to GATEHOUSE_CODE_CATALOGUE_KEYS. The one in use stays.',
  },
  ticket_spent: { status: 403, title: 'The ticket allows no more', remedy: 'Get a new ticket from the service and send the file again.' },
  permit_invalid: {
    status: 422,
    title: 'There is no valid permit for this file',
    remedy: 'Ask for a permit for exactly this file and send it with the header Gatehouse-Permit. A permit can be used once, for some minutes.',
  },
  receipt_invalid: { status: 422, title: 'The receipt is not valid', remedy: 'Do not publish. Submit the content again for a new receipt.' },
  fact_invalid: {
    status: 422,
    title: 'The answers about the service were not kept',
    remedy: 'Correct the answers named in `errors` and send all of them again.',
  },
  record_invalid: { status: 422, title: 'The record was not signed', remedy: 'Correct the fields named in `errors` and sign again. Nothing was kept of it.' },
  record_incomplete: {
    status: 422,
    title: 'The risk assessment is not complete',
    remedy: 'Complete what `errors` names in the draft, which is kept, and sign again.',
  },
  notice_invalid: {
    status: 422,
    title: 'The notice cannot be made like that',
    remedy: 'Do what the text says. The draft is kept, and nothing was sent.',
  },
  notice_sealed: {
    status: 500,
    title: 'What is kept of a report cannot be opened',
    remedy: 'Put the key file back that it was sealed with (a backup has it in files/keys). Nothing was changed.',
  },
  hosting_target_invalid: {
    status: 422,
    title: 'It cannot be asked where that is hosted',
    remedy: 'Give an http(s) address, a domain name, a public IP address or the number of a network.',
  },
  dataset_invalid: {
    status: 422,
    title: 'The dataset of addresses cannot be used',
    remedy: 'Get the file again, or another one. The one in use stays.',
  },
  dataset_failed: {
    status: 502,
    title: 'The dataset of addresses could not be fetched',
    remedy: 'Try again later, or fetch the file yourself and give it with `gatehouse geo update --from`. The one in use stays.',
  },
  upload_locked: {
    status: 423,
    title: 'The upload cannot be gone on with yet',
    remedy: 'Ask again after the time given in Retry-After. What was received is kept.',
  },
  checksum_mismatch: {
    status: 460,
    title: 'The piece does not have the announced checksum',
    remedy: 'Send the piece again; what was received before it is kept.',
  },
  rate_limited: { status: 429, title: 'Too many requests', remedy: 'Wait for the time given in Retry-After.' },
  internal: { status: 500, title: 'Something went wrong on our side', remedy: 'Try again; if it persists, give the request id to the operator.' },
  queue_full: {
    status: 503,
    title: 'Too much is being screened at the moment',
    remedy: 'Try again after the time given in Retry-After. Nothing was released.',
  },
  lists_unavailable: {
    status: 503,
    title: 'The lists cannot give an answer at the moment',
    remedy: 'Try again after the time given in Retry-After. No answer is not the same as no match.',
  },
  stopping: { status: 503, title: 'The service is stopping', remedy: 'Try again after the time given in Retry-After.' },
  starting: { status: 503, title: 'The service is starting', remedy: 'Try again after the time given in Retry-After.' },
  database_unavailable: { status: 503, title: 'The database is not available', remedy: 'Try again after the time given in Retry-After. Nothing was released.' },
  storage_full: { status: 507, title: 'The disk is full', remedy: 'The operator must free space in the data directory. What was acknowledged is kept.' },
  storage_failed: { status: 503, title: 'Storage could not be read or written', remedy: 'The operator must check the data directory (`gatehouse doctor`).' },
  outbound_refused: {
    status: 422,
    title: 'That address may not be called',
    remedy: 'Use a public https address, or add the host to GATEHOUSE_OUTBOUND_ALLOW.',
  },
  age_not_accepted: {
    status: 422,
    title: 'This proof of age was not accepted',
    remedy: 'Try again from the page of the age check, or choose another method there.',
  },
  age_other_browser: {
    status: 409,
    title: 'This age check was begun in another browser',
    remedy: 'Go on in the browser in which you began, or go back to the service and begin again.',
  },
  busy: { status: 503, title: 'Too much is being checked at the moment', remedy: 'Try again after the time given in Retry-After. Nothing was used up.' },
  provider_failed: { status: 502, title: 'A provider of age checks did not answer', remedy: 'Choose another method, or try again later. Nothing was decided.' },
  stamp_failed: {
    status: 502,
    title: 'The checkpoint could not be stamped',
    remedy: 'Do what the text says. The log goes on without the stamp, and the authority is asked again every hour.',
  },
  data_dir_unavailable: { status: 503, title: 'The data directory cannot be used', remedy: 'Do what the text says; what is in the data directory is kept.' },
  database_failed: { status: 503, title: 'The embedded database could not be started', remedy: 'Do what the text says; what was acknowledged is kept.' },
  config_invalid: { status: 500, title: 'The configuration is not valid', remedy: 'Correct the settings named; `gatehouse config` lists them all.' },
  migration_failed: {
    status: 500,
    title: 'The database schema could not be brought up to date',
    remedy: 'Use the version of Gatehouse that wrote this database, or a newer one.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ErrorCode = keyof typeof PROBLEMS;

export interface FieldError {
  /** Where: a JSON pointer, a parameter's name or a line number. */
  readonly at: string;
  readonly message: string;
}

export interface ErrorExtras {
  readonly errors?: readonly FieldError[];
  readonly retryAfterS?: number;
  /** Further members of the problem+json object. */
  readonly members?: Readonly<Record<string, string | number | boolean>>;
  /** What a protocol wants with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  readonly code: ErrorCode;
  readonly extras: ErrorExtras;

  /** @param detail what happened this time and what was kept; no secrets, no content, no hashes */
  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    super(detail, { cause: extras.cause });
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

export function isGatehouseError(error: unknown, code?: ErrorCode): error is GatehouseError {
  return error instanceof GatehouseError && (code === undefined || error.code === code);
}

/** PostgreSQL classes and Node codes that mean "the database is away" (or lets nobody in, or is too busy), not "the statement is wrong". */
const DATABASE_AWAY = /^(08...|28...|3D000|40P01|55000|55P03|57014|57P0[123]|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT)$/;
/** A text with U+0000, which PostgreSQL does not store. */
const UNSTORABLE = new Set(['22021', '22P05']);
const STORAGE_FULL = new Set(['ENOSPC', 'EDQUOT', '53100']);
const STORAGE_FAILED = new Set(['EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE']);
const RETRY_AFTER_S = 5;

/** Broken connections to the database: their codes, such as EPIPE, do not say to what. */
const lostConnections = new WeakSet<Error>();

export function noteLostConnection(error: Error): void {
  lostConnections.add(error);
}

/** Any thrown value as a `GatehouseError`; unknown ones become `internal` and keep their cause for the log. */
export function toGatehouseError(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error;
  // They say themselves what happened, what was kept and what to do.
  if (error instanceof LockError) return new GatehouseError('data_dir_unavailable', error.message, { cause: error });
  if (error instanceof EmbeddedPostgresError) return new GatehouseError('database_failed', error.message, { cause: error });
  const code = readCode(error);
  const isDatabase = isOfDatabase(error);
  if (STORAGE_FULL.has(code))
    return new GatehouseError('storage_full', 'The disk of the data directory or of the database is full. Nothing was released.', {
      cause: error,
      retryAfterS: 60,
    });
  if (isDatabase && (DATABASE_AWAY.test(code) || code === '')) {
    return new GatehouseError('database_unavailable', 'The database did not answer. Nothing was released.', { cause: error, retryAfterS: RETRY_AFTER_S });
  }
  if (isDatabase && UNSTORABLE.has(code))
    return new GatehouseError('invalid_request', 'A text holds the character U+0000, which cannot be stored. Nothing was changed.', { cause: error });
  if (STORAGE_FAILED.has(code))
    return new GatehouseError('storage_failed', 'The data directory could not be used. Nothing was released.', { cause: error, retryAfterS: RETRY_AFTER_S });
  return new GatehouseError('internal', 'An unexpected fault. Nothing was released.', { cause: error });
}

function isOfDatabase(error: unknown): boolean {
  return (
    error instanceof Error &&
    (lostConnections.has(error) ||
      typeof Reflect.get(error, 'severity') === 'string' ||
      /connection terminated|timeout exceeded when trying to connect|connect |connection error and is not queryable/i.test(error.message))
  );
}

function readCode(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** The RFC 9457 object for an error. */
export function toProblem(error: GatehouseError, requestId?: string): Record<string, unknown> {
  const kind = PROBLEMS[error.code];
  return {
    type: `/docs/errors#${error.code}`,
    title: kind.title,
    status: kind.status,
    code: error.code,
    detail: error.message,
    remedy: kind.remedy,
    ...(requestId === undefined ? {} : { requestId }),
    ...(error.extras.errors === undefined ? {} : { errors: error.extras.errors }),
    ...error.extras.members,
  };
}
