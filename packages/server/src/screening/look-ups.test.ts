import { Readable } from 'node:stream';
import { hammingDistance } from '@gatehouse/pdq';
import { describe, expect, test } from 'vitest';
import { flipBits, valueOf } from '../../test/support/lists.ts';
import { createOfflineMatcher, readWholeList, type ListSettings, type Matcher, type OfflineList } from '../lists/index.ts';
import { GatehouseError } from '../platform/errors.ts';
import { silentLog, type Log } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { LookUpReplySchema, LookUpRequestSchema, type LookUpReply, type Signal } from './look-up-schema.ts';
import { createLookUps, type LookUpInput, type LookUpOptions, type LookUpService } from './look-ups.ts';
import { createLookUpMeter } from './metrics.ts';

async function listOf(name: string, lines: readonly string[], settings: ListSettings = {}): Promise<OfflineList> {
  const { entries } = await readWholeList({ stream: Readable.from([Buffer.from(`type,value,reference\n${lines.join('\n')}\n`)]), name: 'list.csv' });
  return { name, settings, entries };
}
type State = ReturnType<LookUpOptions['lists']['freshness']>['state'];
const inForce = (matcher: Matcher, state: () => State = () => 'fresh'): LookUpOptions['lists'] => ({
  matcher: () => matcher,
  freshness: () => ({ state: state() }),
});
const open = (lists: LookUpOptions['lists'], options: Partial<LookUpOptions> = {}): LookUpService =>
  createLookUps({ lists, requireLists: true, log: silentLog, ...options });

async function ask(service: LookUpService, signals: readonly Signal[], extras: Partial<LookUpInput> & { readonly radius?: number } = {}): Promise<LookUpReply> {
  const { radius, ...input } = extras;
  const reply = await service.lookUp({ request: { signals, radius }, key: 'test', canSeeReferences: false, ...input });
  expect(LookUpReplySchema.strict().parse(reply)).toEqual(reply);
  return reply;
}

/** Every second one is four bits away from its neighbour. An entry of a list file is the number of its line. */
const HASHES = Array.from({ length: 400 }, (_none, i) => (i % 2 === 0 ? valueOf('pdq', `h${i}`) : flipBits(valueOf('pdq', `h${i - 1}`), [3, 77, 130, 255])));
const NORTH = await listOf('North', [
  ...HASHES.map((hash, i) => `pdq,${hash},ref-${i + 1}`),
  `md5,${valueOf('md5', 'a')},`,
  `sha256,${valueOf('sha256', 'a')},`,
]);
const north = createOfflineMatcher([NORTH]);
const far = (i: number): Signal => ({ type: 'pdq', value: valueOf('pdq', `other ${i}`) });

describe('an answer', () => {
  test('has one result for each signal, in the order asked', async () => {
    const signals: Signal[] = [
      { type: 'md5', value: valueOf('md5', 'b') },
      { type: 'pdq', value: HASHES[0] ?? '' },
      { type: 'sha256', value: valueOf('sha256', 'a').toUpperCase() },
      far(1),
      { type: 'md5', value: valueOf('md5', 'a') },
      { type: 'sha1', value: valueOf('sha1', 'a') },
    ];
    const { results, ...rest } = await ask(open(inForce(north)), signals);
    expect(rest).toEqual({ listSetVersion: 0, activeLists: 1, complete: true });
    expect(results.map(({ index, type, outcome }) => `${index} ${type} ${outcome}`)).toEqual([
      '0 md5 no_match',
      '1 pdq match',
      '2 sha256 match',
      '3 pdq no_match',
      '4 md5 match',
      '5 sha1 no_match',
    ]);
    expect(results[1]?.hits.map(({ entry, distance, listName, disposition }) => [entry, distance, listName, disposition])).toEqual([
      [2, 0, 'North', 'hold'],
      [3, 4, 'North', 'hold'],
    ]);
    expect(results[4]?.hits[0]).toMatchObject({ entry: 402, distance: 0 });
  });

  test('equals a comparison of all with all', async () => {
    const queries = Array.from({ length: 200 }, (_none, i) =>
      i % 3 === 0
        ? valueOf('pdq', `other ${i}`)
        : flipBits(
            HASHES[(i * 7) % HASHES.length] ?? '',
            Array.from({ length: i % 40 }, (_bit, at) => (at * 6 + i) % 256),
          ),
    );
    for (const radius of [undefined, 0, 8, 31, 63]) {
      const { results } = await ask(
        open(inForce(north)),
        queries.map((value) => ({ type: 'pdq', value })),
        radius === undefined ? {} : { radius },
      );
      const expected = queries.map((query) =>
        HASHES.map((hash, i) => ({ entry: i + 2, distance: hammingDistance(hash, query) }))
          .filter(({ distance }) => distance <= Math.min(31, radius ?? 31))
          .toSorted((a, b) => a.distance - b.distance || a.entry - b.entry),
      );
      expect(results.map(({ hits }) => hits.map(({ entry, distance }) => ({ entry, distance })))).toEqual(expected);
    }
  });

  test('a radius makes lists stricter and never laxer', async () => {
    const strict = createOfflineMatcher([{ ...NORTH, settings: { radius: 2 } }]);
    const signals: Signal[] = [{ type: 'pdq', value: HASHES[0] ?? '' }];
    const count = async (matcher: Matcher, radius?: number): Promise<number | undefined> =>
      (await ask(open(inForce(matcher)), signals, radius === undefined ? {} : { radius })).results[0]?.hitCount;
    expect([await count(north), await count(north, 3), await count(north, 63), await count(strict), await count(strict, 31)]).toEqual([2, 1, 2, 1, 1]);
  });

  test('does not show all of many hits, counts them, and keeps one of a list that refuses', async () => {
    const same = Array.from({ length: 50 }, (_none, i) => `pdq,${flipBits(HASHES[0] ?? '', [i % 5])},`);
    const matcher = createOfflineMatcher([
      await listOf('Many', same),
      await listOf('Strict', [`pdq,${flipBits(HASHES[0] ?? '', [1, 2, 3, 4, 5, 6, 7])},`], { disposition: 'refuse' }),
    ]);
    const [result] = (await ask(open(inForce(matcher)), [{ type: 'pdq', value: HASHES[0] ?? '' }])).results;
    expect(result).toMatchObject({ truncated: true, outcome: 'match', hitCount: 51 });
    expect(result?.hits).toHaveLength(20);
    expect(result?.hits.map(({ disposition }) => disposition)).toContain('refuse');
  });

  test('says when the quality was too low to compare', async () => {
    const strict = createOfflineMatcher([NORTH, { ...NORTH, name: 'Strict', settings: { qualityFloor: 80 } }]);
    const outcomes = async (matcher: Matcher, signals: readonly Signal[]): Promise<string[]> =>
      (await ask(open(inForce(matcher)), signals)).results.map(({ outcome, hitCount }) => `${outcome} ${hitCount}`);
    const [known, unknown] = [HASHES[0] ?? '', valueOf('pdq', 'unknown')];
    const withQuality = (value: string, quality?: number): Signal => ({ type: 'pdq', value, ...(quality === undefined ? {} : { quality }) });
    expect(await outcomes(north, [withQuality(known, 49), withQuality(known, 50), withQuality(unknown, 49), withQuality(unknown)])).toEqual([
      'quality_too_low 0',
      'match 2',
      'quality_too_low 0',
      'no_match 0',
    ]);
    // One list compared and found nothing, the other did not compare; and a hit of one is enough.
    expect(await outcomes(strict, [withQuality(unknown, 60), withQuality(known, 60), withQuality(known)])).toEqual(['quality_too_low 0', 'match 2', 'match 4']);
  });

  test('is of one list-set version, and has references only for those who may see them', async () => {
    const asked: number[] = [];
    const lists: LookUpOptions['lists'] = {
      ...inForce(north),
      addReferences: async (hits) => {
        asked.push(hits.length);
        return hits.map((hit) => ({ ...hit, reference: `from the source ${hit.entry}` }));
      },
    };
    const bare = createOfflineMatcher([await listOf('Bare', [`md5,${valueOf('md5', 'a')},`, `md5,${valueOf('md5', 'b')},`])]);
    const named = { ...lists, matcher: () => bare };
    const signals: Signal[] = ['a', 'c', 'b'].map((seed) => ({ type: 'md5', value: valueOf('md5', seed) }));
    expect((await ask(open(named), signals)).results.map(({ hits }) => hits[0]?.reference)).toEqual([undefined, undefined, undefined]);
    expect(asked).toEqual([]);
    const seen = await ask(open(named), signals, { canSeeReferences: true });
    expect(seen.results.map(({ hits }) => hits[0]?.reference)).toEqual(['from the source 2', undefined, 'from the source 3']);
    expect(asked).toEqual([2]);
    // A matcher that holds them itself, as for list files.
    const [hidden, shown] = [
      await ask(open(inForce(north)), [{ type: 'pdq', value: HASHES[0] ?? '' }]),
      await ask(open(inForce(north)), [{ type: 'pdq', value: HASHES[0] ?? '' }], { canSeeReferences: true }),
    ];
    expect([hidden, shown].map(({ results }) => results[0]?.hits[0]?.reference)).toEqual([undefined, 'ref-1']);
  });
});

describe('without an answer', () => {
  const refusal = async (pending: Promise<unknown>): Promise<{ code: string; reason: unknown; status: number }> => {
    const error: unknown = await pending.then(
      () => new Error('there was an answer'),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof GatehouseError)) throw error;
    expect(error.extras.retryAfterS).toBeGreaterThan(0);
    return { code: error.code, reason: error.extras.members?.['reason'], status: error.status };
  };
  const signals = [far(1)];
  const fakeMatcher = (matchEach: Matcher['matchEach']): Matcher => ({ ...north, matchEach });

  test.each([
    ['loading', 'lists_loading'],
    ['stale', 'lists_stale'],
  ] as const)('lists that are %s', async (state, reason) => {
    const expected = { code: 'lists_unavailable', reason, status: 503 };
    expect(await refusal(ask(open(inForce(north, () => state)), signals))).toEqual(expected);
    // They became so meanwhile.
    let looks = 0;
    expect(await refusal(ask(open(inForce(north, () => ((looks += 1) === 1 ? 'fresh' : state))), signals))).toEqual(expected);
  });

  test('no list, unless none is needed', async () => {
    const none = inForce(createOfflineMatcher([]));
    expect(await refusal(ask(open(none), signals))).toEqual({ code: 'lists_unavailable', reason: 'no_lists', status: 503 });
    expect(await ask(open(none, { requireLists: false }), signals)).toMatchObject({ activeLists: 0, results: [{ outcome: 'no_match' }] });
  });

  test.each([
    ['internal', 'lists_unavailable', 'internal'],
    ['queue_full', 'queue_full', undefined],
    ['stopping', 'stopping', undefined],
  ] as const)('the threads fail: %s; also when only the last of several parts does', async (thrown, code, reason) => {
    let parts = 0;
    const broken = fakeMatcher(async (asked, options) => {
      if ((parts += 1) % 3 === 0) throw new GatehouseError(thrown, 'as the pool says it', { retryAfterS: 3 });
      return north.matchEach(asked, options);
    });
    const many = Array.from({ length: 70 }, (_none, i) => far(i));
    expect(await refusal(ask(open(inForce(broken)), many))).toEqual({ code, reason, status: 503 });
    expect(parts).toBe(3);
  });

  test('fewer answers than signals are none', async () => {
    const short = fakeMatcher(async (asked, options) => (await north.matchEach(asked, options)).slice(1));
    expect(await refusal(ask(open(inForce(short)), [far(1), far(2)]))).toMatchObject({ code: 'lists_unavailable', reason: 'internal' });
  });

  /** Waits until it is told to give up, as the pool does. */
  const hanging = fakeMatcher(
    (_asked, options) =>
      new Promise((_resolve, reject) => {
        const { signal } = options ?? {};
        if (signal?.aborted === true) reject(signal.reason as Error);
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  );

  test('too long', async () => {
    expect(await refusal(ask(open(inForce(hanging)), signals, { signal: AbortSignal.timeout(5) }))).toMatchObject({
      code: 'lists_unavailable',
      reason: 'deadline',
    });
  });

  test('the client has gone: the comparison ends, and so does the place that it took', async () => {
    const abort = new AbortController();
    const service = open(inForce(hanging), { limit: 1 });
    const pending = refusal(ask(service, signals, { signal: abort.signal }));
    expect(await refusal(ask(service, signals))).toMatchObject({ code: 'queue_full' });
    abort.abort();
    expect(await pending).toMatchObject({ code: 'lists_unavailable', reason: 'cancelled' });
    expect(await refusal(ask(service, signals, { signal: AbortSignal.abort() }))).toMatchObject({ reason: 'cancelled' });
  });

  test('logs say nothing of what was asked, and metrics count by closed words', async () => {
    const lines: unknown[] = [];
    const note = (fields: object, message: string): void => void lines.push({ fields, message, stack: String(Reflect.get(fields, 'err')) });
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    const metrics = createMetrics();
    const observe = createLookUpMeter(metrics);
    const broken = fakeMatcher(() => Promise.reject(new Error('a fault')));
    await refusal(ask(open(inForce(broken), { log, observe }), signals));
    await refusal(
      ask(
        open(
          inForce(north, () => 'stale'),
          { log, observe },
        ),
        signals,
      ),
    );
    await ask(open(inForce(north), { log, observe }), [far(1), far(2), { type: 'pdq', value: HASHES[0] ?? '' }, { ...far(3), quality: 1 } as Signal]);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain(signals[0]?.value.slice(0, 16));
    const { body } = await metrics.render();
    expect(body.split('\n').filter((line) => line.startsWith('gatehouse_look_up'))).toEqual([
      'gatehouse_look_up_signals_total{outcome="match"} 1',
      'gatehouse_look_up_signals_total{outcome="no_match"} 2',
      'gatehouse_look_up_signals_total{outcome="quality_too_low"} 1',
      'gatehouse_look_up_failures_total{reason="internal"} 1',
      'gatehouse_look_up_failures_total{reason="lists_stale"} 1',
    ]);
  });
});

describe('what may be asked', () => {
  const pdq = { type: 'pdq', value: '0f'.repeat(32) };
  test.each([
    ['one', { signals: [pdq] }],
    ['256, with a radius and a quality', { signals: Array.from({ length: 256 }, () => ({ ...pdq, quality: 50 })), radius: 63 }],
    ['capital letters', { signals: [{ type: 'md5', value: 'AB'.repeat(16) }] }],
  ])('%s', (_name, body) => {
    expect(LookUpRequestSchema.safeParse(body).success).toBe(true);
  });

  test.each([
    ['nothing', {}],
    ['no signal', { signals: [] }],
    ['257', { signals: Array.from({ length: 257 }, () => pdq) }],
    ['an unknown field', { signals: [pdq], bank: 'x' }],
    ['an unknown field of a signal', { signals: [{ ...pdq, form: 'full' }] }],
    ['an unknown type', { signals: [{ type: 'tlsh', value: 'aa' }] }],
    ['a short value', { signals: [{ type: 'pdq', value: '0f'.repeat(31) }] }],
    ['a digest with a quality', { signals: [{ type: 'md5', value: 'ab'.repeat(16), quality: 3 }] }],
    ['no hexadecimal digits', { signals: [{ type: 'pdq', value: 'zz'.repeat(32) }] }],
    ['a line end behind the digits', { signals: [{ type: 'pdq', value: `${'0f'.repeat(32)}\n` }] }],
    ['a quality above 100', { signals: [{ ...pdq, quality: 101 }] }],
    ['a radius above 63', { signals: [pdq], radius: 64 }],
    ['a radius as text', { signals: [pdq], radius: '3' }],
  ])('not %s', (_name, body) => {
    expect(LookUpRequestSchema.safeParse(body).success).toBe(false);
  });
});
