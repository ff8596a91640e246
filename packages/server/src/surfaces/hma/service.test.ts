import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PERSON, toHit } from '../../../test/support/intake.ts';
import type { Passed, PassRequest } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { Reply } from '../../platform/http/reply.ts';
import type { SurfaceParts } from '../room.ts';
import { toContentId } from './naming-rules.ts';
import { answerHma } from './routes.ts';
import { createHmaService, type FileQuestion, type HmaService } from './service.ts';

const found = { hits: [toHit('hold')], hitCount: 1 };

async function lookUp(passed: Partial<Passed>, field: string): Promise<{ answer: unknown; discarded: number; asked: unknown[] }> {
  let discarded = 0;
  const asked: unknown[] = [];
  const spooled = { path: '/x', digests: { md5: '', sha1: '', sha256: '' }, sizeBytes: 1, discard: async () => void (discarded += 1) };
  const pass = async ({ surface, wantsReceipt, principal }: PassRequest): Promise<object> => {
    asked.push({ surface, wantsReceipt, principal });
    return { id: 'scn_1', hits: [], hitCount: 0, ...passed };
  };
  const parts = { context: { config: { hmaApi: true } }, intake: { spool: async () => spooled, pass } } as unknown as SurfaceParts;
  const feed: FileQuestion['feed'] = (sink) => sink({ field, fileName: 'x', stream: Readable.from([]) });
  const answer: unknown = await createHmaService(parts)
    .lookUpFile({ feed, principal: PERSON, signal: new AbortController().signal })
    .catch((error: unknown) => Reflect.get(Object(error), 'code') as unknown);
  return { answer, discarded, asked };
}
const release = (matched: object): object => ({ matched, reference: 'scn_1', outcome: 'release' });
const MATCHED = {
  matched: { pdq: {}, sha256: { DEMONSTRATION: [{ bank_content_id: expect.any(Number), distance: '' }] } },
  reference: 'scn_1',
  outcome: 'stop',
};

describe('a file looked up', () => {
  it.each([
    ['clear', { verdict: 'clear', disposition: 'release' }, release({ pdq: {} })],
    ['clear with hits, which is a fault', { verdict: 'clear', disposition: 'hold', ...found }, 'invalid_request'],
    ['a match that is held', { verdict: 'match', disposition: 'hold', ...found }, MATCHED],
    ['a match that is refused', { verdict: 'match', disposition: 'refuse', ...found }, MATCHED],
    ['unscannable', { verdict: 'unscannable', disposition: 'hold' }, 'invalid_request'],
    ['unscannable, refused by policy', { verdict: 'unscannable', disposition: 'refuse' }, 'invalid_request'],
    // It may be published, and nothing says that it was compared as a picture.
    ['unscannable, released by policy', { verdict: 'unscannable', disposition: 'release' }, release({})],
    ['error', { verdict: 'error', disposition: 'hold' }, 'lists_unavailable'],
    ['error that reads as released, which is a fault', { verdict: 'error', disposition: 'release' }, 'lists_unavailable'],
  ] as const)('%s', async (_name, passed, expected) => {
    expect(await lookUp(passed as Partial<Passed>, 'photo')).toEqual({
      answer: expected,
      discarded: 1,
      asked: [{ surface: 'hma', wantsReceipt: false, principal: PERSON }],
    });
  });

  it('a film that is released by policy was compared by its MD5', async () => {
    expect((await lookUp({ verdict: 'unscannable', disposition: 'release' }, 'video')).answer).toEqual(release({ video_md5: {} }));
    expect((await lookUp({ verdict: 'unscannable', disposition: 'hold' }, 'video')).answer).toBe('invalid_request');
  });

  it('in a field of another name is asked about by nobody', async () => {
    expect(await lookUp({ verdict: 'clear', disposition: 'release' }, 'file')).toEqual({ answer: 'invalid_request', discarded: 0, asked: [] });
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
