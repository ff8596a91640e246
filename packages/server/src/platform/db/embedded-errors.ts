/** Errors of the embedded PostgreSQL. Every message says what happened, what was kept and what to do next. */

export type EmbeddedPostgresErrorCode =
  | 'no_binary'
  | 'unsupported_platform'
  | 'init_failed'
  | 'start_failed'
  | 'start_timeout'
  | 'disk_full'
  | 'in_use'
  | 'permission';

export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Two ways out that exist on every platform; every message that has no better advice ends with them. */
export const ALTERNATIVES =
  'Or set GATEHOUSE_DATABASE_URL to a PostgreSQL (15 or newer) of your own, or GATEHOUSE_PG_BIN to the bin directory of an installed one.';

/** `ENOENT` and its like, of errors that the operating system reported. */
export function readErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True for a full disk and for an exhausted quota, both as our own error and as what PostgreSQL prints (LC_ALL=C). */
export function isDiskFull(evidence: unknown): boolean {
  const code = readErrorCode(evidence);
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  return typeof evidence === 'string' && /No space left on device|Disk quota exceeded/.test(evidence);
}

export function createDiskFullError(place: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'disk_full',
    `The disk that holds ${place} is full, so the embedded PostgreSQL cannot write. ` +
      'Everything acknowledged so far is kept. Free space on that disk (or enlarge it) and start again.',
    { cause },
  );
}

/** Turns what the file system refused into one of our errors; leaves everything else as it is. */
export function toEmbeddedError(error: unknown, place: string): unknown {
  if (error instanceof EmbeddedPostgresError) return error;
  if (isDiskFull(error)) return createDiskFullError(place, error);
  const code = readErrorCode(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const detail = error instanceof Error ? error.message : code;
    return new EmbeddedPostgresError(
      'permission',
      `The embedded PostgreSQL may not use ${place}: ${detail}. Nothing was changed. ` +
        `Start as the user who owns the data directory, or set GATEHOUSE_DATA_DIR to another. ${ALTERNATIVES}`,
      { cause: error },
    );
  }
  return error;
}
