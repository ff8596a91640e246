/** Notes, checkpoints, proof files and witnesses. The first vector is the example of golang.org/x/mod/sumdb/note (BSD-3-Clause). */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  addCosignatures,
  cosign,
  createHashReader,
  createSignerKey,
  createVerifierKey,
  formatAddCheckpoint,
  formatProofFile,
  formatVerifierKey,
  judgeCheckpoint,
  openCheckpoint,
  openNote,
  openTreeBuilder,
  parseAddCheckpoint,
  parseNote,
  parseProofFile,
  parseVerifierKey,
  peekCheckpoint,
  proveConsistency,
  proveInclusion,
  signCheckpoint,
  signNote,
  tilePath,
  verifyProofFile,
  type SignerKey,
  type WitnessedTree,
} from './index.ts';

const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
/** From the specification of cosignatures. */
const SPEC_CHECKPOINT =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
  '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n' +
  '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';

const ORIGIN = 'gatehouse.example/log';
const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
let log: SignerKey;
let witness: SignerKey;
beforeAll(async () => {
  log = await createSignerKey(ORIGIN, seedOf(1));
  witness = await createSignerKey('witness.example/w1', seedOf(2), 'cosignature');
});

function grow(size: number): { readonly root: Uint8Array; readonly files: Map<string, Uint8Array> } {
  const builder = openTreeBuilder();
  const files = new Map<string, Uint8Array>();
  for (const { tile, bytes } of builder.append(Array.from({ length: size }, (_none, i) => Buffer.from(`entry ${i}`)))) files.set(tilePath(tile), bytes);
  for (const { tile, bytes } of builder.edge()) files.set(tilePath(tile), bytes);
  return { root: builder.root(), files };
}

async function checkpointOf(size: number, root = grow(size).root): Promise<string> {
  return signCheckpoint({ origin: ORIGIN, size, root }, [log]);
}

describe('notes', () => {
  it('are those of Go: key, id, signature', async () => {
    const key = await createSignerKey('PeterNeumann', GO_SEED);
    expect(formatVerifierKey(key)).toBe(GO_KEY);
    expect(await signNote(GO_TEXT, [key])).toBe(GO_NOTE);
    expect((await openNote(GO_NOTE, [parseVerifierKey(GO_KEY)])).text).toBe(GO_TEXT);
  });

  it('of the specification can be read', () => {
    const { text, signatures } = parseNote(SPEC_CHECKPOINT);
    expect(text.split('\n')).toHaveLength(4);
    expect(signatures.map(({ name, bytes }) => [name, bytes.length])).toEqual([
      ['example.com/behind-the-sofa', 64],
      ['witness.example.com/w1', 72],
    ]);
    expect(peekCheckpoint(SPEC_CHECKPOINT)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
  });

  it('may have any text, with empty lines, and come back as they were', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll(/[\p{Cc}\p{Surrogate}]/gu, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
        const text = `${lines.join('\n')}\n`;
        expect((await openNote(await signNote(text, [log]), [log])).text).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('are refused wherever one letter is another', async () => {
    const note = await checkpointOf(5);
    const letters = Array.from(note);
    for (let at = 0; at < letters.length; at++) {
      const changed = letters.with(at, letters[at] === 'A' ? 'B' : 'A').join('');
      await expect(openCheckpoint(changed, ORIGIN, [log]), `letter ${at}`).rejects.toMatchObject({ name: 'TlogError' });
    }
  });

  it.each([
    ['no signature', 'text\n\n'],
    ['no text', '\n\u2014 a AAAAAAA=\n'],
    ['no last newline', GO_NOTE.slice(0, -1)],
    ['a control character', GO_NOTE.replace('If', 'I\u0007f')],
    ['a carriage return', GO_NOTE.replaceAll('\n', '\r\n')],
    ['half a character', GO_NOTE.replace('If', '\ud800')],
    ['another dash', GO_NOTE.replace('\u2014', '-')],
    ['a name with a plus sign', GO_NOTE.replace('PeterNeumann', 'Peter+Neumann')],
    ['a name with a space', GO_NOTE.replace('PeterNeumann', 'Peter Neumann')],
    ['a signature that is no base64', GO_NOTE.replace('JnAM=', 'JnAM-')],
    ['base64 with bits that mean nothing', GO_NOTE.replace('JnAM=', 'JnAN=')],
    ['too few bytes', 'text\n\n\u2014 a AAAAAA==\n'],
    ['too many signatures', `text\n\n${'\u2014 a AAAAAAA=\n'.repeat(101)}`],
    ['too much of everything', `${'x'.repeat(1_000_001)}\n\n\u2014 a AAAAAAA=\n`],
  ])('are refused with %s', (_what, note) => {
    expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: 'bad_note' }));
  });

  it('count only keys that are known, and are refused when a known one signed wrongly', async () => {
    const other = await createSignerKey(ORIGIN, seedOf(9));
    const note = await checkpointOf(3);
    await expect(openNote(note, [other])).rejects.toMatchObject({ code: 'bad_signature' });
    const forged = { ...other, id: log.id };
    await expect(openNote(await signNote(parseNote(note).text, [forged]), [log])).rejects.toMatchObject({ code: 'bad_signature' });
    const both = await signNote(parseNote(note).text, [other, log]);
    expect((await openNote(both, [log])).signed.map(({ key }) => key.id)).toEqual([log.id]);
  });
});

describe('keys', () => {
  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', 'a\u2003b'])('refuse the name %j', (name) => {
    expect(() => createVerifierKey(name, new Uint8Array(32))).toThrow(expect.objectContaining({ code: 'bad_key' }));
  });
  it.each([GO_KEY.replace('c74f', 'c74e'), GO_KEY.slice(0, -4), GO_KEY.replace('+ARpc', '+BRpc'), 'x', GO_KEY.replace('Peter', 'Pater'), ` ${GO_KEY}`])(
    'refuse %s',
    (text) => {
      expect(() => parseVerifierKey(text)).toThrow(expect.objectContaining({ code: 'bad_key' }));
    },
  );
  it('of one name and two uses are two keys', async () => {
    const [a, b] = await Promise.all([createSignerKey('one', seedOf(3)), createSignerKey('one', seedOf(3), 'cosignature')]);
    expect(a.id).not.toBe(b.id);
    expect(parseVerifierKey(formatVerifierKey(b))).toMatchObject({ use: 'cosignature', id: b.id });
  });
});

describe('checkpoints', () => {
  it('must be of the log and signed by the log itself', async () => {
    const note = await checkpointOf(7);
    expect(await openCheckpoint(note, ORIGIN, [log])).toMatchObject({ size: 7, origin: ORIGIN });
    await expect(openCheckpoint(note, 'another.example/log', [log])).rejects.toMatchObject({ code: 'bad_checkpoint' });
    const onlyWitness = await signNote(parseNote(note).text, [witness], 1_700_000_000);
    await expect(openCheckpoint(onlyWitness, ORIGIN, [log, witness])).rejects.toMatchObject({ code: 'bad_signature' });
  });

  it.each([
    'a\n1\n',
    'a\n01\nAAAA\n',
    '\n1\nAAAA\n',
    'a\n-1\nAAAA\n',
    'a\n1\nAAAA\n',
    'a\n9007199254740993\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n',
  ])('are not %j', async (text) => {
    await expect(openCheckpoint(await signNote(text, [log]), 'a', [log])).rejects.toMatchObject({ code: 'bad_checkpoint' });
  });
});

describe('proof files', () => {
  const size = 300;
  const { root, files } = grow(size);
  const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
  const make = async (index: number, extra?: Uint8Array): Promise<string> =>
    formatProofFile({ index, hashes: await proveInclusion(index, reader), checkpoint: await checkpointOf(size, root), extra });

  it('can be checked with the entry and the keys alone', async () => {
    const text = await make(42, Buffer.from('besides'));
    expect(Buffer.from(parseProofFile(text).extra ?? []).toString()).toBe('besides');
    expect(await verifyProofFile(text, Buffer.from('entry 42'), { origin: ORIGIN, keys: [log] })).toMatchObject({ index: 42, size });
    await expect(verifyProofFile(text, Buffer.from('entry 43'), { origin: ORIGIN, keys: [log] })).rejects.toMatchObject({ code: 'bad_proof' });
    const single = formatProofFile({ index: 0, hashes: [], checkpoint: await checkpointOf(1) });
    expect(await verifyProofFile(single, Buffer.from('entry 0'), { origin: ORIGIN, keys: [log] })).toMatchObject({ size: 1 });
  });

  it('are refused when a line is another', async () => {
    const text = await make(42);
    for (const [what, changed] of Object.entries({
      version: text.replace('@v1', '@v2'),
      place: text.replace('index 42', 'index 43'),
      zero: text.replace('index 42', 'index 042'),
      behind: text.replace('index 42', 'index 300'),
      noPlace: text.replace('index 42\n', ''),
      extra: text.replace('index 42', 'extra =\nindex 42'),
      hash: text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\nAAAA\n'),
      fewer: text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\n'),
      unsigned: text.slice(0, text.indexOf('\u2014')),
      none: '',
    }))
      await expect(verifyProofFile(changed, Buffer.from('entry 42'), { origin: ORIGIN, keys: [log] }), what).rejects.toMatchObject({ name: 'TlogError' });
  });
});

describe('a witness', () => {
  /** As a server keeps it. */
  function remember(trees = new Map<string, WitnessedTree>()) {
    return {
      trees,
      judge: async (body: string) => {
        const request = parseAddCheckpoint(body);
        const verdict = await judgeCheckpoint(request, { known: (origin) => (origin === ORIGIN ? [log] : undefined), last: (origin) => trees.get(origin) });
        if (verdict.kind === 'consistent') trees.set(ORIGIN, verdict.tree);
        return verdict;
      },
    };
  }
  const requestOf = async (oldSize: number, size: number): Promise<string> => {
    const { files, root } = grow(size);
    const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
    return formatAddCheckpoint({ oldSize, proof: await proveConsistency(oldSize, reader), checkpoint: await checkpointOf(size, root) });
  };

  it('follows a log from nothing, and cosigns what a log then carries', async () => {
    const { judge, trees } = remember();
    for (const [oldSize, size] of [
      [0, 0],
      [0, 5],
      [5, 5],
      [5, 300],
    ] as const)
      expect(await judge(await requestOf(oldSize, size))).toMatchObject({ kind: 'consistent', tree: { size } });
    expect(trees.get(ORIGIN)?.size).toBe(300);
    const note = await checkpointOf(300);
    const { checkpoint, signed } = await addCosignatures(note, await cosign(note, witness, 1_764_100_000), [witness]);
    expect(signed).toEqual([{ key: witness, timeS: 1_764_100_000 }]);
    expect((await openCheckpoint(checkpoint, ORIGIN, [log, witness])).signed).toHaveLength(2);
    // Once more takes the place of the one before.
    const again = await addCosignatures(checkpoint, await cosign(note, witness, 1_764_100_060), [witness]);
    expect(parseNote(again.checkpoint).signatures).toHaveLength(2);
  });

  it('refuses everything else, by the status that the specification names', async () => {
    const { judge } = remember();
    await judge(await requestOf(0, 300));
    const fork = await signCheckpoint({ origin: ORIGIN, size: 300, root: grow(299).root }, [log]);
    const unknown = await signCheckpoint({ origin: 'another.example/log', size: 300, root: grow(300).root }, [
      await createSignerKey('another.example/log', seedOf(4)),
    ]);
    const forged = await signCheckpoint({ origin: ORIGIN, size: 301, root: grow(301).root }, [await createSignerKey(ORIGIN, seedOf(5))]);
    const body = (oldSize: number, checkpoint: string, proof: Uint8Array[] = []): string => formatAddCheckpoint({ oldSize, proof, checkpoint });
    expect(await judge(await requestOf(0, 301))).toEqual({ kind: 'conflict', size: 300 });
    expect(await judge(await requestOf(200, 301))).toEqual({ kind: 'conflict', size: 300 });
    expect(await judge(body(300, fork))).toEqual({ kind: 'conflict' });
    expect(await judge(body(300, unknown))).toMatchObject({ status: 404 });
    expect(await judge(body(300, forged))).toMatchObject({ status: 403 });
    expect(await judge(body(300, await checkpointOf(200)))).toMatchObject({ status: 400 });
    expect(await judge(body(300, await checkpointOf(301)))).toMatchObject({ status: 422 });
    expect(await judge(body(300, 'nonsense'))).toMatchObject({ status: 400 });
    expect(await judge((await requestOf(300, 301)).replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${'A'.repeat(43)}=\n`))).toMatchObject({ status: 422 });
    expect(await judge(await requestOf(300, 301))).toMatchObject({ kind: 'consistent' });
  });

  it.each(['', 'old 1\n', 'old 01\n\nx', 'old -1\n\nx', 'new 1\n\nx', 'old 1\nAAAA\n\nx', `old 1\n${`${'A'.repeat(43)}=\n`.repeat(64)}\nx`])(
    'does not take %j',
    (body) => {
      expect(() => parseAddCheckpoint(body)).toThrow(expect.objectContaining({ code: 'bad_witness_message' }));
    },
  );

  it('whose answer is none is told from one that cosigned', async () => {
    const note = await checkpointOf(5);
    const stranger = await createSignerKey('stranger.example', seedOf(6), 'cosignature');
    await expect(addCosignatures(note, await cosign(note, stranger, 1), [witness])).rejects.toMatchObject({ code: 'bad_witness_message' });
    await expect(addCosignatures(note, '', [witness])).rejects.toMatchObject({ code: 'bad_witness_message' });
    const late = await cosign(await checkpointOf(6), witness, 1);
    await expect(addCosignatures(note, late, [witness])).rejects.toMatchObject({ code: 'bad_signature' });
  });
});
