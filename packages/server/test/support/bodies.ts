/** Bodies as clients write them, and a screener that knows a few listed files and keeps the digest of every piece that it was shown. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { detectMediaType } from '../../src/screening/index.ts';
import { createBodyScreener, type BodyScreener, type BodyVerdict } from '../../src/surfaces/bodies/index.ts';
import { principalOf } from '../../src/surfaces/room.ts';
import { NEVER, startIntake, toHit, type TestIntake } from './intake.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes that begin like a JPEG; what they are called is their content. */
export function fakeJpeg(name: string, size = 600): Buffer {
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46, 0x49, 0x46, 0, 1]);
  const seed = createHash('sha512').update(name).digest();
  return Buffer.concat([head, Buffer.from(name), Buffer.alloc(size, seed), Buffer.from([0xff, 0xd9])]);
}

export interface BodyLab {
  readonly intake: TestIntake;
  readonly listed: Set<string>;
  /** Of every file that was screened, since the last `screen` began. */
  readonly seen: Set<string>;
  /** Of everything that was compared by its digests alone. */
  readonly compared: Set<string>;
  readonly seenAsText: Set<string>;
  screen(body: Uint8Array, headers: Readonly<Record<string, string>>, more?: { readonly wantsReceipt?: boolean }): Promise<BodyVerdict>;
  stop(): Promise<void>;
}

export async function openBodyLab(
  limits: { readonly bodyTextMaxBytes?: number; readonly bodyPartsMax?: number; readonly passDeadlineMs?: number } = {},
): Promise<BodyLab> {
  const intake = await startIntake({ config: { passKeep: 'nothing' } });
  const listed = new Set<string>();
  const seen = new Set<string>();
  const compared = new Set<string>();
  const seenAsText = new Set<string>();
  const { screening } = intake;
  const rematch = screening.rematch.bind(screening);
  screening.answer = async ({ digests, path, sizeBytes }) => {
    seen.add(digests.sha256);
    if (listed.has(digests.sha256)) return { verdict: 'match', hits: [toHit('refuse')], hitCount: 1 };
    const bytes = await readFile(path);
    // Readers that take a part for a field give it as text, with a sign in place of what is no UTF-8.
    seenAsText.add(sha256(Buffer.from(bytes.toString('utf8'))));
    const type = sizeBytes === 0 ? 'empty' : detectMediaType(bytes.subarray(0, 4096));
    if (type === 'image/jpeg' || type === 'image/png' || type === 'image/gif') return { media: { type } };
    return { verdict: 'unscannable', reason: sizeBytes === 0 ? 'empty' : 'unsupported_type', media: { type } };
  };
  Object.assign(screening, {
    rematch: async (signals: Parameters<typeof rematch>[0]) => {
      compared.add(signals.digests.sha256);
      const answer = await rematch(signals);
      return listed.has(signals.digests.sha256) ? { ...answer, verdict: 'match' } : answer;
    },
  });
  const screenBody: BodyScreener = createBodyScreener({
    intake: intake.service,
    screening,
    limits: {
      bodyTextMaxBytes: limits.bodyTextMaxBytes ?? 1024 * 1024,
      bodyPartsMax: limits.bodyPartsMax ?? 50,
      passDeadlineMs: limits.passDeadlineMs ?? 60_000,
    },
  });
  return {
    intake,
    listed,
    seen,
    compared,
    seenAsText,
    async screen(body, headers, more = {}) {
      seen.clear();
      compared.clear();
      seenAsText.clear();
      const content = await intake.service.spool(Readable.from([Buffer.from(body)]), { signal: NEVER });
      try {
        return await screenBody({ content, headers, principal: principalOf('proxy'), surface: 'proxy', signal: NEVER, ...more });
      } finally {
        await content.discard();
      }
    },
    stop: () => intake.stop(),
  };
}

export interface PartSpec {
  readonly head: string;
  readonly content: Uint8Array | string;
}

export function multipart(boundary: string, parts: readonly PartSpec[]): Buffer {
  const pieces = parts.flatMap(({ head, content }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`, 'latin1'),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

export const fieldHead = (name: string): string => `Content-Disposition: form-data; name="${name}"`;
export const fileHead = (name: string, type = 'image/jpeg'): string =>
  `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}`;
