import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PERSON, toHit } from '../../../test/support/intake.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { Reply } from '../../platform/http/reply.ts';
import type { Screening } from '../../screening/index.ts';
import type { SurfaceParts } from '../room.ts';
import { toContentId } from './naming-rules.ts';
import { answerHma } from './routes.ts';
import { createHmaService, type HmaService } from './service.ts';

const found = { hits: [toHit('hold')], hitCount: 1 };
const nothing = { hits: [], hitCount: 0 };

async function lookUp(screening: Partial<Screening>, field: string, policy: object = {}): Promise<{ answer: unknown; discarded: number }> {
  let discarded = 0;
  const spooled = { path: '/x', digests: { md5: '', sha1: '', sha256: '' }, sizeBytes: 1, discard: async () => void (discarded += 1) };
  const parts = {
    context: { config: { hmaApi: true, onUnscannable: 'hold', onLowQuality: 'hold', ...policy } },
    intake: { spool: async () => spooled },
    screening: { screen: async () => ({ screening, signals: undefined }) },
  } as unknown as SurfaceParts;
  const question = { field, fileName: 'x', stream: Readable.from([]), principal: PERSON, signal: new AbortController().signal };
  const answer: unknown = await createHmaService(parts)
    .lookUpFile(question)
    .catch((error: unknown) => Reflect.get(Object(error), 'code') as unknown);
  return { answer, discarded };
}

describe('a file looked up', () => {
  it.each([
    ['clear', { verdict: 'clear', ...nothing }, {}, { pdq: {} }],
    ['clear with hits, which is a fault', { verdict: 'clear', ...found }, {}, 'invalid_request'],
    ['a match', { verdict: 'match', ...found }, {}, { pdq: {}, sha256: { DEMONSTRATION: [{ bank_content_id: expect.any(Number), distance: '' }] } }],
    ['unscannable', { verdict: 'unscannable', reason: 'undecodable', ...nothing }, {}, 'invalid_request'],
    ['unscannable, refused by policy', { verdict: 'unscannable', reason: 'undecodable', ...nothing }, { onUnscannable: 'refuse' }, 'invalid_request'],
    // It may be published, and nothing says that it was compared as a picture.
    ['unscannable, released by policy', { verdict: 'unscannable', reason: 'undecodable', ...nothing }, { onUnscannable: 'release' }, {}],
    ['too little in it, released by policy', { verdict: 'unscannable', reason: 'no_reliable_perceptual_hash', ...nothing }, { onLowQuality: 'release' }, {}],
    ['error', { verdict: 'error', reason: 'lists_stale', ...nothing }, { onUnscannable: 'release', onLowQuality: 'release' }, 'lists_unavailable'],
  ] as const)('%s', async (_name, screening, policy, expected) => {
    expect(await lookUp(screening as Partial<Screening>, 'photo', policy)).toEqual({ answer: expected, discarded: 1 });
  });

  it('a film that is released by policy was compared by its MD5', async () => {
    const film = { verdict: 'unscannable', reason: 'unsupported_type', ...nothing } as const;
    expect((await lookUp(film, 'video', { onUnscannable: 'release' })).answer).toEqual({ video_md5: {} });
    expect((await lookUp(film, 'video')).answer).toBe('invalid_request');
  });
});

const LIST = { id: `list_${'0'.repeat(26)}`, name: 'A', state: 'active' };

describe('an entry', () => {
  const read = (state: string, fault?: Error): Promise<unknown> => {
    const lists = {
      list: async () => [LIST],
      entry: async () => {
        if (fault !== undefined) throw fault;
        return { entry: 3, state };
      },
    };
    const parts = { context: { config: { hmaApi: true } }, lists } as unknown as SurfaceParts;
    return createHmaService(parts)
      .content('A', String(toContentId(LIST.id, 3)))
      .catch((error: unknown) => Reflect.get(Object(error), 'code') as unknown);
  };

  it('is on, off, or gone when its source withdrew it', async () => {
    expect(await read('active')).toMatchObject({ disable_until_ts: 1, collab_metadata: {} });
    expect(await read('disabled')).toMatchObject({ disable_until_ts: 0 });
    expect(await read('withdrawn')).toBe('not_found');
  });

  it('is not "not found" because the database is away', async () => {
    expect(await read('active', new GatehouseError('not_found', 'none'))).toBe('not_found');
    expect(await read('active', new GatehouseError('database_unavailable', 'away'))).toBe('database_unavailable');
  });
});

describe('answers', () => {
  const give = async (isOn: boolean, fault?: Error): Promise<{ status: number; text: string | undefined }> => {
    const answer = await answerHma({ isOn } as HmaService, () => {
      if (fault !== undefined) throw fault;
      return new Reply('{}');
    });
    return { status: answer.status, text: answer instanceof Reply ? answer.text : undefined };
  };

  it('while the API is off are 503: "not found" would let a client delete its record of a bank', async () => {
    expect(await give(false)).toEqual({ status: 503, text: expect.stringContaining('GATEHOUSE_HMA_API') });
    expect(await give(true)).toEqual({ status: 200, text: '{}' });
  });

  it('to faults have the shape of HMA and are never 200', async () => {
    for (const [code, status] of [
      ['not_found', 404],
      ['queue_full', 503],
      ['storage_full', 503],
      ['database_unavailable', 503],
      ['length_mismatch', 400],
      ['too_large', 413],
    ] as const)
      expect(await give(true, new GatehouseError(code, 'words'))).toEqual({ status, text: '{"message":"words"}' });
    // What nobody expected goes to the log with its request.
    await expect(give(true, new TypeError('a mistake'))).rejects.toThrow('a mistake');
  });
});
