/** The pack: the same bytes each time, and whatever somebody changes in it is found. The browser does the same in test/e2e/evidence-pack.test.ts. */
import { createHash } from 'node:crypto';
import { addCosignatures, cosign, createSignerKey, formatVerifierKey, signNote, type SignerKey } from '@gatehouse/tlog';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setPackScene, type PackScene } from '../../../test/support/code-pack.ts';
import { checkPack } from './pack-check.ts';
import { formatPackStatement, PACK } from './pack-name-rules.ts';
import { OSCAL_MODELS, type PackReport } from './schema.ts';
import { createExportsService } from './service.ts';
import { readTar, TarFault, writeTar } from './tar-rules.ts';

let scene: PackScene;
let pack: Uint8Array;

beforeAll(async () => {
  scene = await setPackScene();
  pack = (await (await createExportsService(scene.parts)).pack()).bytes;
});
afterAll(() => scene.dispose());

const failing = ({ checks }: PackReport): string[] => checks.filter(({ result }) => result === 'fails').map(({ what }) => what);
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

type Files = Map<string, Uint8Array>;

/** As somebody would who may write a whole archive, with a list of files that fits, and who has another key than the log. */
async function forge(change: (files: Files) => void, key?: SignerKey): Promise<Uint8Array> {
  const { timeS, files: read } = readTar(pack);
  const files: Files = new Map(read.map(({ name, bytes }) => [name, bytes]));
  change(files);
  if (key !== undefined) {
    const listed = [...files].filter(([name]) => name !== PACK.manifest && name !== PACK.manifestNote).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const manifest = Buffer.from(
      JSON.stringify({ evaluation: 'eva_01', origin: key.name, files: listed.map(([name, bytes]) => ({ name, sha256: sha256(bytes) })) }),
    );
    files.set(PACK.manifest, manifest);
    files.set(
      PACK.manifestNote,
      Buffer.from(await signNote(formatPackStatement({ origin: key.name, evaluationId: 'eva_01', manifestSha256: sha256(manifest) }), [key])),
    );
  }
  return writeTar({ timeS, files: [...files].map(([name, bytes]) => ({ name, bytes })) });
}

const edit =
  (name: string, change: (text: string) => string) =>
  (files: Files): void => {
    const before = text(files.get(name));
    const after = change(before);
    if (after === before) throw new Error(`nothing was changed in ${name}`);
    files.set(name, Buffer.from(after));
  };

describe('a pack', () => {
  it('has the same bytes each time, as long as nothing happens', async () => {
    const again = await (await createExportsService(scene.parts)).pack();
    expect(again.name).toBe('gatehouse-evidence-eva_01.tar');
    expect(Buffer.compare(again.bytes, pack)).toBe(0);
  });

  it('holds what an inspector needs, with every OSCAL model', () => {
    const names = readTar(pack).files.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...Object.values(PACK).filter((name) => name !== PACK.witnesses),
        'proofs/rec_2.tlog-proof',
        'proofs/rec_3.tlog-proof',
        'tables/measures.csv',
      ]),
    );
    expect(names.filter((name) => name.startsWith('oscal/'))).toHaveLength(OSCAL_MODELS.length + 1);
  });

  it('holds with the key of the log', async () => {
    const report = await checkPack(pack, [scene.verifierKey]);
    expect(failing(report)).toEqual([]);
    expect(report).toMatchObject({ isIntact: true, keyFrom: 'given', verifierKey: scene.verifierKey, evaluation: { id: 'eva_01' } });
    expect(report.measures.length).toBeGreaterThan(100);
    const items = report.measures.reduce((sum, { measured, attested, judged, notEvaluated }) => sum + measured + attested + judged + notEvaluated, 0);
    expect(items).toBeGreaterThan(report.measures.length);
  });

  it('with its own key is only consistent, and says so', async () => {
    const { isIntact, keyFrom, checks } = await checkPack(pack, []);
    expect([isIntact, keyFrom]).toEqual([true, 'pack']);
    expect(checks.find(({ what }) => what === 'The key is the one of the service')?.result).toBe('not_checked');
  });

  it('does not hold with the key of somebody else', async () => {
    const other = await createSignerKey('127.0.0.1:8080/log', new Uint8Array(32).fill(7));
    expect(failing(await checkPack(pack, [formatVerifierKey(other)]))).toContain('The list of files is signed by the log');
  });

  it('refuses texts that are no keys, and two logs', async () => {
    await expect(checkPack(pack, ['nonsense'])).rejects.toThrow('key');
    await expect(checkPack(pack, [scene.verifierKey, scene.verifierKey])).rejects.toThrow('one log');
  });

  it('names the witness that cosigned its checkpoint', async () => {
    const witness = await createSignerKey('witness.example', new Uint8Array(32).fill(9), 'cosignature');
    const note = await scene.log.lastNote();
    const { checkpoint } = await addCosignatures(note, await cosign(note, witness, 1_800_000_000), [witness]);
    const service = await createExportsService({ ...scene.parts, log: { ...scene.log, lastNote: async () => checkpoint } });
    const report = await checkPack((await service.pack()).bytes, [scene.verifierKey, formatVerifierKey(witness)]);
    expect(failing(report)).toEqual([]);
    expect(report.checks.find(({ what }) => what === 'The checkpoint is signed by the log')?.detail).toContain('witnessed by witness.example');
    expect(report.checks.find(({ what }) => what === 'An outsider saw the same log')).toBeUndefined();
  });

  it('asked for a witness that did not cosign, does not hold', async () => {
    const witness = await createSignerKey('witness.example', new Uint8Array(32).fill(9), 'cosignature');
    expect(failing(await checkPack(pack, [scene.verifierKey, formatVerifierKey(witness)]))).toEqual(['The checkpoint is signed by the log']);
  });
});

describe('a changed byte', () => {
  it('of any file is found, and named', async () => {
    for (const { name } of readTar(pack).files) {
      const changed = await forge((files) => {
        const bytes = Uint8Array.from(files.get(name) ?? []);
        bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
        files.set(name, bytes);
      });
      const report = await checkPack(changed, [scene.verifierKey]);
      expect([name, report.isIntact]).toEqual([name, false]);
      if (name !== PACK.manifest && name !== PACK.manifestNote)
        expect(report.checks.find(({ what }) => what === 'Every file is the one on the list')?.detail).toContain(name);
    }
  });

  it('anywhere in the archive is found, also between the files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: pack.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Uint8Array.from(pack);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect((await checkPack(changed, [scene.verifierKey])).isIntact).toBe(false);
      }),
      { numRuns: 25 },
    );
    for (const cut of [pack.subarray(0, pack.length - 512), pack.subarray(0, 1000), new Uint8Array(0), new Uint8Array([...pack, 0])])
      expect((await checkPack(cut, [scene.verifierKey])).isIntact).toBe(false);
  });
});

/** The list of files fits, signed by the forger: what the other checks find by themselves. */
describe('a pack whose list was made anew', () => {
  const refused = async (change: (files: Files) => void): Promise<string[]> => {
    const forger = await createSignerKey('forger', new Uint8Array(32).fill(3));
    return failing(await checkPack(await forge(change, forger), [scene.verifierKey])).filter((what) => what !== 'The list of files is signed by the log');
  };

  it('is refused for its signature alone', async () => {
    expect(await refused(() => undefined)).toEqual([]);
    const forger = await createSignerKey('127.0.0.1:8080/log', new Uint8Array(32).fill(3));
    expect(failing(await checkPack(await forge(() => undefined, forger), [scene.verifierKey]))).toEqual(['The list of files is signed by the log']);
  });

  it.each<[string, (files: Files) => void, string[]]>([
    [
      'another state in the evaluation',
      edit(PACK.evaluation, (json) => json.replace('"state":"fail"', '"state":"pass"')),
      ['The evaluation stands in the log'],
    ],
    [
      'the proof of another entry',
      (files) => files.set('proofs/evaluation.tlog-proof', files.get('proofs/rec_2.tlog-proof') ?? new Uint8Array(0)),
      ['The evaluation stands in the log'],
    ],
    [
      'entry and proof of another entry, both genuine',
      (files) => {
        for (const end of ['json', 'tlog-proof']) files.set(`proofs/rec_2.${end}`, files.get(`proofs/rec_3.${end}`) ?? new Uint8Array(0));
      },
      ['Record rec_2 stands in the log'],
    ],
    [
      'entry and proof of another kind, both genuine',
      (files) => {
        for (const end of ['json', 'tlog-proof']) files.set(`proofs/rec_2.${end}`, files.get(`proofs/evaluation.${end}`) ?? new Uint8Array(0));
      },
      ['Record rec_2 stands in the log'],
    ],
    [
      'another name under a record',
      edit('records/rec_2.json', (json) => json.replace('"signedName":"', '"signedName":"Not ')),
      ['Record rec_2 stands in the log'],
    ],
    [
      'a record and its digest',
      (files) => {
        edit('records/rec_2.json', (json) => json.replace('"signedName":"', '"signedName":"Not '))(files);
        edit(PACK.records, (json) => json.replace(/"digest":"[0-9a-f]{64}"/, `"digest":"${sha256(files.get('records/rec_2.json') ?? new Uint8Array(0))}"`))(
          files,
        );
      },
      ['Record rec_2 stands in the log'],
    ],
    [
      'another catalogue',
      edit(PACK.catalogue, (json) => json.replace('"verify": true', '"verify":false')),
      ['The catalogue is the one that the evaluation names', 'The catalogue is signed by its publisher'],
    ],
    [
      'another digest in the list of records',
      edit(PACK.records, (json) => json.replace(/"digest":"[0-9a-f]{64}"/, `"digest":"${'0'.repeat(64)}"`)),
      ['Record rec_2 stands in the log'],
    ],
    ['other answers', edit(PACK.facts, (json) => json.replace('20000', '20001')), ['The answers are those that the evaluation names']],
    ['another checkpoint', edit(PACK.checkpoint, (note) => note.replace('\n4\n', '\n5\n')), ['The checkpoint is signed by the log']],
    [
      'no evaluation',
      (files) => void files.delete(PACK.evaluation),
      [
        'The evaluation stands in the log',
        'The answers are those that the evaluation names',
        'The catalogue is the one that the evaluation names',
        'The catalogue is signed by its publisher',
      ],
    ],
  ])('%s', async (_name, change, expected) => {
    expect(await refused(change)).toEqual(expected);
  });

  it('an entry of another kind about the same text is refused', async () => {
    const { context } = scene.parts;
    const digest = sha256(readTar(pack).files.find(({ name }) => name === PACK.evaluation)?.bytes ?? new Uint8Array(0));
    await context.database.transact((tx) =>
      context.events.emit('code.record_signed', { recordId: 'rec_9', kind: 'measure', version: 1, digest, actor: 'per_1' }, tx),
    );
    await scene.log.drain();
    const { entry, proof } = await scene.log.prove((await scene.log.find('code.record_signed', 'rec_9')) ?? -1);
    const failed = await refused((files) => {
      files.set('proofs/evaluation.json', Buffer.from(entry));
      files.set('proofs/evaluation.tlog-proof', Buffer.from(proof));
    });
    expect(failed).toEqual(['The evaluation stands in the log']);
  });

  it('a file beside the list is found', async () => {
    const changed = await forge((files) => void files.set('records/extra.json', Buffer.from('{}')));
    expect(failing(await checkPack(changed, [scene.verifierKey]))).toEqual(['Every file is the one on the list']);
  });
});

describe('a pack is not made', () => {
  it('before the first evaluation', async () => {
    const service = await createExportsService({ ...scene.parts, evidence: { ...scene.parts.evidence, last: async () => undefined } });
    await expect(service.pack()).rejects.toThrow('no evaluation yet');
  });

  it('when the answers of the evaluation cannot be given back', async () => {
    const read: typeof scene.parts.facts.read = async () => ({ said: [], values: new Map(), digest: 'other' });
    const service = await createExportsService({ ...scene.parts, facts: { ...scene.parts.facts, read } });
    await expect(service.pack()).rejects.toThrow('Nothing was packed');
  });
});

describe('the key of the log', () => {
  it('signs nothing that could be taken for a checkpoint', async () => {
    for (const statement of ['gatehouse.x/v1\n5\nAAAA\n', 'log.example\n5\nroot\n', 'gatehouse.x/v1\n\n5\n', 'gatehouse.x/v1\na', 'gatehouse.x/v1', ''])
      await expect(scene.log.sign(statement)).rejects.toThrow('Nothing was signed');
    await expect(scene.log.sign('gatehouse.x/v1\nlog.example\n5\n')).resolves.toContain('gatehouse.x/v1\nlog.example\n5\n\n');
  });
});

describe('an archive', () => {
  it('is read back as it was written', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}(\/[a-z][a-z0-9._-]{0,20}){0,2}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ name, bytes: fc.uint8Array({ maxLength: 1500 }) }), { selector: (file) => file.name, maxLength: 6 }),
        fc.integer({ min: 0, max: 2 ** 32 }),
        (files, timeS) => {
          const read = readTar(writeTar({ timeS, files }));
          expect(read.files.map((file) => [file.name, [...file.bytes]])).toEqual(
            files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((file) => [file.name, [...file.bytes]]),
          );
          if (files.length > 0) expect(read.timeS).toBe(timeS);
        },
      ),
    );
  });

  it.each(['../x', '/x', 'a//b', '', 'a/../b', 'a\\b', 'ä', 'x'.repeat(101), '.x'])('never has a file named %j', (name) => {
    expect(() => writeTar({ timeS: 0, files: [{ name, bytes: new Uint8Array(0) }] })).toThrow(TarFault);
  });

  it('has each name once', () => {
    const file = { name: 'a', bytes: new Uint8Array(0) };
    expect(() => writeTar({ timeS: 0, files: [file, file] })).toThrow('twice');
  });
});
