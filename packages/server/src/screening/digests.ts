/** The digests of a file's bytes, read once. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Digests } from './schema.ts';

export interface FileDigests {
  readonly digests: Digests;
  readonly sizeBytes: number;
}

/** @throws the error of the file system */
export async function digestFile(path: string, signal?: AbortSignal): Promise<FileDigests> {
  const [md5, sha1, sha256] = ['md5', 'sha1', 'sha256'].map((name) => createHash(name));
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 262_144 }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    for (const hash of [md5, sha1, sha256]) hash?.update(chunk);
  }
  const hex = (hash: typeof md5): string => hash?.digest('hex') ?? '';
  return { digests: { md5: hex(md5), sha1: hex(sha1), sha256: hex(sha256) }, sizeBytes };
}
