/**
 * Checks an evidence pack offline. The same code in the command line and in the page `verify.html` that comes with the pack: nothing is read but the
 * bytes of the pack and the keys that the reader has from elsewhere.
 */
import { formatVerifierKey, openCheckpoint, openNote, parseVerifierKey, TlogError, verifyProofFile, type VerifierKey } from '@gatehouse/tlog';
import { digestOf, listMember, member, PackFault, readJson, readText, requireFile, textMember, type PackFiles } from './pack-files.ts';
import { readMeasures } from './pack-measures.ts';
import { EVALUATION, formatPackStatement, nameProof, nameRecord, PACK } from './pack-name-rules.ts';
import type { PackCheck, PackReport } from './schema.ts';
import { readTar } from './tar-rules.ts';

interface Pack {
  readonly files: PackFiles;
  readonly key: VerifierKey;
  readonly witnesses: readonly VerifierKey[];
  readonly checks: PackCheck[];
}

/**
 * @param keys verifier keys: of the log, as it came from the operator and not from the pack (without it the key in the pack is used, which proves less), and
 *   of witnesses whose cosignatures count
 * @throws {TlogError} `bad_key` for a text that is no key. Everything about the pack itself is in the report.
 */
export async function checkPack(tar: Uint8Array, keys: readonly string[]): Promise<PackReport> {
  const { log, witnesses } = sortKeys(keys);
  const checks: PackCheck[] = [];
  let pack: Pack | undefined;
  await note(checks, 'The archive is as it was written', () => {
    const files = new Map(readTar(tar).files.map(({ name, bytes }) => [name, bytes]));
    pack = { files, key: log ?? parseVerifierKey(readText(files, PACK.verifierKey).trim()), witnesses, checks };
    return `${files.size} files, ${tar.length} bytes`;
  });
  const keyFrom = log === undefined ? 'pack' : 'given';
  if (pack === undefined) return { isIntact: false, origin: '', keyFrom, verifierKey: '', evaluation: null, checks, measures: [] };
  const { files, key } = pack;
  await checkSignature(pack);
  await checkFiles(pack);
  await checkLog(pack, keyFrom);
  await checkEvaluation(pack);
  await checkRecords(pack);
  await checkCatalogue(pack);
  return {
    isIntact: checks.every(({ result }) => result !== 'fails'),
    origin: key.name,
    keyFrom,
    verifierKey: formatVerifierKey(key),
    evaluation: tryOr(null, () => readEvaluation(files)),
    checks,
    measures: tryOr([], () => readMeasures(files)),
  };
}

function sortKeys(lines: readonly string[]): { readonly log: VerifierKey | undefined; readonly witnesses: readonly VerifierKey[] } {
  const keys = lines.flatMap((line) => (line.trim() === '' ? [] : [parseVerifierKey(line.trim())]));
  const [log, second] = keys.filter(({ use }) => use === 'ed25519');
  if (second !== undefined) throw new TlogError('bad_key', 'A pack is of one log: give one key of a log, and those of its witnesses.');
  return { log, witnesses: keys.filter(({ use }) => use === 'cosignature') };
}

function tryOr<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PackFault) return fallback;
    throw error;
  }
}

/** Whatever goes wrong in a check is a thing that does not hold: the pack is hostile until it is shown not to be. */
async function note(checks: PackCheck[], what: string, check: () => Promise<string> | string): Promise<void> {
  try {
    checks.push({ what, result: 'holds', detail: await check() });
  } catch (error) {
    checks.push({ what, result: 'fails', detail: error instanceof Error ? error.message : 'unknown' });
  }
}

async function checkSignature({ files: all, key, checks }: Pack): Promise<void> {
  await note(checks, 'The list of files is signed by the log', async () => {
    const evaluationId = textMember(readJson(all, PACK.manifest), 'evaluation');
    const { text } = await openNote(readText(all, PACK.manifestNote), [key]);
    const manifestSha256 = digestOf(requireFile(all, PACK.manifest));
    if (text !== formatPackStatement({ origin: key.name, evaluationId, manifestSha256 }))
      throw new PackFault('what was signed is about another list of files, or another log');
    return `by ${key.name}`;
  });
}

async function checkFiles({ files: all, checks }: Pack): Promise<void> {
  await note(checks, 'Every file is the one on the list', () => {
    const listed = listMember(readJson(all, PACK.manifest), 'files').map((one) => ({ name: textMember(one, 'name'), sha256: textMember(one, 'sha256') }));
    const names = new Set(listed.map(({ name }) => name));
    const extra = [...all.keys()].filter((name) => !names.has(name) && name !== PACK.manifest && name !== PACK.manifestNote);
    const changed = listed.filter(({ name, sha256 }) => digestOf(requireFile(all, name)) !== sha256);
    if (changed.length > 0) throw new PackFault(`changed: ${changed.map(({ name }) => name).join(', ')}`);
    if (extra.length > 0) throw new PackFault(`not on the list: ${extra.join(', ')}`);
    return `${listed.length} files, SHA-256`;
  });
}

async function checkLog({ files: all, key, witnesses, checks }: Pack, keyFrom: PackReport['keyFrom']): Promise<void> {
  if (keyFrom === 'pack')
    checks.push({
      what: 'The key is the one of the service',
      result: 'not_checked',
      detail:
        'The key came out of the pack: this shows that the pack is consistent, not whose it is. Give the verifier key that the service publishes elsewhere.',
    });
  await note(checks, 'The checkpoint is signed by the log', async () => {
    const { size, signed } = await openCheckpoint(readText(all, PACK.checkpoint), key.name, [key, ...witnesses]);
    const seen = signed.filter(({ key: one }) => one.use === 'cosignature').map(({ key: one }) => one.name);
    if (witnesses.length > 0 && seen.length === 0) throw new PackFault('none of the witnesses that you named cosigned it');
    return `${size} entries of ${key.name}${seen.length === 0 ? '' : `, witnessed by ${seen.join(', ')}`}`;
  });
  if (witnesses.length === 0)
    checks.push({
      what: 'An outsider saw the same log',
      result: 'not_checked',
      detail: 'No key of a witness was given. Without one, that nobody is shown another log rests on the word of the service.',
    });
}

interface Proven {
  readonly subject: string;
  readonly kind: string;
  readonly digest: string;
}

/** The entry is in the log, and it is about this very text. @returns its place */
async function proveEntry({ files: all, key }: Pack, { subject, kind, digest }: Proven): Promise<number> {
  const names = nameProof(subject);
  const { index } = await verifyProofFile(readText(all, names.proof), requireFile(all, names.entry), { origin: key.name, keys: [key] });
  const entry = readJson(all, names.entry);
  if (textMember(entry, 'kind') !== kind) throw new PackFault(`the entry in the log is of another kind: ${textMember(entry, 'kind')}`);
  if (textMember(member(entry, 'fields'), 'digest') !== digest) throw new PackFault('the entry in the log is about another text');
  return index;
}

function readEvaluation(all: PackFiles): NonNullable<PackReport['evaluation']> {
  const evaluation = readJson(all, PACK.evaluation);
  return { id: textMember(evaluation, 'id'), at: textMember(evaluation, 'at'), catalogueVersion: textMember(evaluation, 'catalogueVersion') };
}

async function checkEvaluation(pack: Pack): Promise<void> {
  await note(pack.checks, 'The evaluation stands in the log', async () => {
    const index = await proveEntry(pack, { subject: EVALUATION, kind: 'code.evaluated', digest: digestOf(requireFile(pack.files, PACK.evaluation)) });
    return `entry ${index}`;
  });
  await note(pack.checks, 'The answers are those that the evaluation names', () => {
    const digest = digestOf(requireFile(pack.files, PACK.facts));
    if (digest !== textMember(readJson(pack.files, PACK.evaluation), 'factsDigest')) throw new PackFault('they are others');
    return digest;
  });
}

async function checkRecords(pack: Pack): Promise<void> {
  const records = tryOr([], () => listMember(readJson(pack.files, PACK.records), 'records'));
  if (records.length === 0) pack.checks.push({ what: 'Records', result: 'not_checked', detail: 'The pack holds none.' });
  for (const record of records) {
    const id = tryOr('?', () => textMember(record, 'id'));
    if (member(record, 'logIndex') === null) {
      pack.checks.push({ what: `Record ${id}`, result: 'not_checked', detail: 'It had no place in the log yet.' });
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- one line after the other, in the order of the pack
    await note(pack.checks, `Record ${id} stands in the log`, async () => {
      const digest = digestOf(requireFile(pack.files, nameRecord(id)));
      if (digest !== textMember(record, 'digest')) throw new PackFault('it does not have the digest that it was signed with');
      const index = await proveEntry(pack, { subject: id, kind: 'code.record_signed', digest });
      return `entry ${index}, signed by ${textMember(readJson(pack.files, nameRecord(id)), 'signedName')}`;
    });
  }
}

async function checkCatalogue({ files: all, checks }: Pack): Promise<void> {
  await note(checks, 'The catalogue is the one that the evaluation names', () => {
    const digest = digestOf(requireFile(all, PACK.catalogue));
    if (digest !== textMember(readJson(all, PACK.evaluation), 'catalogueDigest')) throw new PackFault('it is another one');
    return digest;
  });
  await note(checks, 'The catalogue is signed by its publisher', async () => {
    const keys = readText(all, PACK.catalogueKeys)
      .split('\n')
      .filter((line) => line !== '')
      .map(parseVerifierKey);
    const { text, signed } = await openNote(readText(all, PACK.catalogueNote), keys);
    const { catalogueVersion } = readEvaluation(all);
    if (text !== `gatehouse.catalogue/v1\n${catalogueVersion}\n${digestOf(requireFile(all, PACK.catalogue))}\n`)
      throw new PackFault('what was signed is another catalogue');
    return `by ${signed.map(({ key }) => key.name).join(', ')}, whose key came with the pack`;
  });
}
