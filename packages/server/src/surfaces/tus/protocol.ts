/**
 * The seam between a wire format and what happens to an upload. An adapter reads the headers of a request into an intent, and writes what came of it
 * as headers; it neither waits nor stores. tus 1.0 is the first, the draft of the IETF the second.
 */
import { draft05 } from './draft05.ts';
import { tus10 } from './tus10.ts';

export type ReadHeader = (name: string) => string | undefined;

export interface Checksum {
  readonly algorithm: 'sha256' | 'sha1' | 'md5';
  readonly digest: Buffer;
}

export interface Metadata {
  /** As it came; given back by HEAD while the upload is open. */
  readonly raw: string;
  readonly values: ReadonlyMap<string, string>;
}

export interface CreateIntent {
  /** Undefined: announced later. */
  readonly sizeBytes: number | undefined;
  readonly metadata: Metadata | undefined;
  /** The first piece comes with the request. */
  readonly body: AppendIntent | undefined;
}

export interface AppendIntent {
  readonly offsetBytes: number;
  /** Announced with this piece. */
  readonly sizeBytes: number | undefined;
  /** The length of the piece; undefined when it is not known before its end. */
  readonly pieceBytes: number | undefined;
  readonly checksum: Checksum | undefined;
  /** The file ends where this piece ends. */
  readonly isLast?: boolean;
}

/** What an answer says about an upload. */
export interface Progress {
  readonly offsetBytes: number;
  readonly sizeBytes: number | undefined;
  readonly expiresAt: Date | undefined;
  readonly metadata: string | undefined;
}

export type Operation = 'create' | 'append' | 'head' | 'end';

export interface Limits {
  readonly maxBytes: number;
}

export interface Protocol {
  readonly name: 'tus-1.0' | 'ietf-draft-05';
  /** @throws {GatehouseError} invalid_request, unsupported_media_type */
  readCreate(header: ReadHeader): CreateIntent;
  /** @throws {GatehouseError} invalid_request, unsupported_media_type */
  readAppend(header: ReadHeader): AppendIntent;
  /** With every answer, also with errors. */
  readonly always: Readonly<Record<string, string>>;
  /** What the server can do, for OPTIONS. */
  describe(limits: Limits): Readonly<Record<string, string>>;
  statusOf(operation: Operation): number;
  write(operation: Operation, progress: Progress): Readonly<Record<string, string>>;
}

const PROTOCOLS: readonly (Protocol & { speaks(header: ReadHeader): boolean })[] = [draft05, tus10];

/** @returns undefined for a version that is not spoken */
export function chooseProtocol(header: ReadHeader): Protocol | undefined {
  return PROTOCOLS.find((protocol) => protocol.speaks(header));
}

export { tus10 };
