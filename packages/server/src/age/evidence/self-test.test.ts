import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPassed } from './lab-report-rules.ts';
import { LAB_SETS, type LabCase } from './lab-schema.ts';
import { readCorpus, runLab, verifyLabCase, type LabVerifier } from './self-test.ts';

const FIXTURES = new URL('../../../../../fixtures/credential/hostile/', import.meta.url);
const run = async (verify: LabVerifier) => runLab(await readCorpus(), verify);

describe('the packed corpus', () => {
  it('is the published one, case by case (else run scripts/pack-hostile-corpus.mjs)', async () => {
    const { cases } = await readCorpus();
    const published = LAB_SETS.flatMap((set) => readdirSync(new URL(`${set}/`, FIXTURES)).map((file) => `${set}/${file}`));
    expect(cases.map(({ set, id }) => `${set}/${id}.json`).toSorted()).toEqual(published.toSorted());
    for (const { set, answer: _answer, ...one } of cases) {
      const { about: _about, ...filed } = JSON.parse(readFileSync(new URL(`${set}/${one.id}.json`, FIXTURES), 'utf8')) as LabCase & { about: string };
      expect(one).toEqual(filed);
    }
  });
});

describe('the self-test', () => {
  it('passes with the verifier of this build', async () => {
    const report = await run(verifyLabCase);
    expect(report).toMatchObject({ hostileAccepted: 0, wrongAccept: 0, genuineWrong: 0, otherReason: 0, differing: 0, faults: [] });
    expect(report.cases).toBeGreaterThan(200);
    expect(isPassed(report)).toBe(true);
  });

  /** Verifiers that are broken in one way each. */
  const broken: readonly (readonly [name: string, verify: LabVerifier, found: object])[] = [
    ['accepts everything', async () => 'accepted_true', { hostileAccepted: 204 }],
    ['refuses everything', async () => 'cbor_malformed', { hostileAccepted: 0, genuineWrong: 7 }],
    ['says yes to "not over 18"', async (one) => (await verifyLabCase(one)).replace('accepted_false', 'accepted_true'), { wrongAccept: 2, genuineWrong: 2 }],
    [
      'does not look at the device signature',
      async (one) => ((await verifyLabCase(one)) === 'device_signature' ? 'accepted_true' : verifyLabCase(one)),
      { genuineWrong: 0 },
    ],
    [
      'accepts one replay',
      async (one) => (one.id === 'attached-payload-replay' ? 'accepted_true' : verifyLabCase(one)),
      { hostileAccepted: 1, wrongAccept: 1 },
    ],
  ];

  it.each(broken)('finds one that %s', async (_name, verify, found) => {
    const report = await run(verify);
    expect(report).toMatchObject(found);
    expect(isPassed(report)).toBe(false);
    expect(report.faults.length).toBeGreaterThan(0);
  });

  it('finds one that judges the same input differently', async () => {
    const seen = new Set<string>();
    const report = await run(async (one) => {
      const isSecond = seen.has(`${one.set}/${one.id}`);
      seen.add(`${one.set}/${one.id}`);
      return isSecond && one.set === 'sd-jwt' && one.id === 'expired' ? 'sd_jwt_malformed' : verifyLabCase(one);
    });
    expect(report).toMatchObject({ differing: 1, hostileAccepted: 0 });
    expect(isPassed(report)).toBe(false);
  });

  it('a fault of the verifier is not a refusal by name', async () => {
    const [one] = (await readCorpus()).cases;
    if (one === undefined) throw new Error('no corpus');
    expect(await verifyLabCase({ ...one, session: undefined })).toBe('fault');
  });

  it('stops when the server stops', async () => {
    const stopped = new AbortController();
    stopped.abort();
    await expect(runLab(await readCorpus(), verifyLabCase, stopped.signal)).rejects.toMatchObject({ code: 'stopping' });
  });

  it('a corpus without hostile or without genuine cases shows nothing', async () => {
    const { cases } = await readCorpus();
    for (const part of [cases.filter(({ expect: code }) => code === 'accepted'), cases.filter(({ expect: code }) => code !== 'accepted'), []])
      expect(isPassed(await runLab({ cases: part, sha256: '' }, verifyLabCase))).toBe(false);
  });
});
