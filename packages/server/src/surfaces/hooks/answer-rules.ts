/** Outcomes in the words of each caller. Nothing here tells why something was not let through: an uploader may get to see any of it. Pure. */
import type { Passed } from '../../intake/index.ts';
import type { HookReply, MatrixError } from './schema.ts';

/** `error` is no answer: nothing was decided, and sending again may help. */
export type Outcome = 'release' | 'stop' | 'error';

export function outcomeOf({ disposition, verdict }: Pick<Passed, 'disposition' | 'verdict'>): Outcome {
  if (disposition === 'release') return 'release';
  return verdict === 'error' ? 'error' : 'stop';
}

/** Callers that look at the status alone must see a failure for everything but a release. */
export const RAW_STATUS = { release: 200, stop: 422, error: 503 } as const satisfies Record<Outcome, number>;
/** 406 as db0/pictrs-safety answers; pict-rs itself asks only whether it is 2xx (src/ingest.rs). */
export const PICTRS_STATUS = { release: 200, stop: 406, error: 503 } as const satisfies Record<Outcome, number>;

const RETRY_S = '5';

export function describeHook(passed: Passed): HookReply {
  return {
    id: passed.id,
    released: outcomeOf(passed) === 'release',
    sizeBytes: passed.sizeBytes,
    sha256: passed.sha256,
    ...(passed.receipt === undefined ? {} : { receipt: passed.receipt }),
    message: passed.message,
  };
}

export function hookHeaders(passed: Passed): Record<string, string> {
  const outcome = outcomeOf(passed);
  return {
    'gatehouse-outcome': outcome,
    'gatehouse-reference': passed.id,
    ...(passed.receipt === undefined ? {} : { 'gatehouse-receipt': passed.receipt }),
    ...(outcome === 'error' ? { 'retry-after': RETRY_S } : {}),
  };
}

export interface MatrixFault {
  readonly status: number;
  readonly body: MatrixError;
}

/** Statuses and reasons of the API of matrix-content-scanner-python (docs/api.md there). */
export const MATRIX_FAULTS = {
  off: fault(404, 'M_NOT_FOUND', 'This service is not offered here.'),
  malformed: fault(400, 'MCS_MALFORMED_JSON', 'The request is not of the form that the API asks for.'),
  bad_body: fault(403, 'MCS_BAD_DECRYPTION', 'The encrypted body could not be read. Ask for the public key again.'),
  bad_file: fault(400, 'MCS_MEDIA_FAILED_TO_DECRYPT', 'The file does not have the announced digest, or could not be decrypted.'),
  not_found: fault(404, 'M_NOT_FOUND', 'The media was not found.'),
  unreachable: fault(502, 'MCS_MEDIA_REQUEST_FAILED', 'The media could not be fetched.'),
  undecided: fault(503, 'M_UNKNOWN', 'The media could not be checked. Try again later.'),
} as const satisfies Record<string, MatrixFault>;
export type MatrixFaultName = keyof typeof MATRIX_FAULTS;

function fault(status: number, reason: string, info: string): MatrixFault {
  return { status, body: { reason, info } };
}

export function notCleared(message: string): MatrixFault {
  return fault(403, 'MCS_MEDIA_NOT_CLEAN', message);
}
