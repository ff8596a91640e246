/** Proofs to hand out (C2SP tlog-proof): one text with place, hashes and checkpoint, that can be checked with nothing but the entry and the keys. */
import { fromBase64, readDecimal, toBase64 } from './bytes.ts';
import { openCheckpoint, peekCheckpoint, type VerifiedCheckpoint } from './checkpoint.ts';
import { TlogError } from './errors.ts';
import { hashLeaf, readProofLines } from './hashing.ts';
import type { VerifierKey } from './keys.ts';
import { verifyInclusion } from './proofs.ts';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';

export interface ProofFile {
  /** Anything that helps a reader. Not signed by anybody. */
  readonly extra?: Uint8Array | undefined;
  readonly index: number;
  /** From the leaf's sibling upward. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
}

export function formatProofFile({ extra, index, hashes, checkpoint }: ProofFile): string {
  const lines = [FIRST_LINE, ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]), `index ${index}`, ...hashes.map(toBase64)];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** @throws {TlogError} `bad_proof_file`, `bad_note`, `bad_checkpoint` */
export function parseProofFile(text: string): ProofFile {
  const end = text.indexOf('\n\n');
  const [first, ...lines] = end < 0 ? [] : text.slice(0, end).split('\n');
  if (first !== FIRST_LINE) throw refuse('its first line is another');
  const extra = lines[0]?.startsWith(EXTRA) === true ? readExtra(lines.shift() ?? '') : undefined;
  const index = readDecimal(/^index (\d+)$/.exec(lines.shift() ?? '')?.[1] ?? '');
  if (index === undefined) throw refuse('the line with the place is missing or malformed');
  const hashes = readProofLines(lines);
  if (hashes === undefined) throw refuse('a line is not a hash, or there are too many');
  const checkpoint = text.slice(end + 2);
  peekCheckpoint(checkpoint);
  return { ...(extra === undefined ? {} : { extra }), index, hashes, checkpoint };
}

function readExtra(line: string): Uint8Array {
  const extra = fromBase64(line.slice(EXTRA.length));
  if (extra === undefined) throw refuse('what it says besides is not base64');
  return extra;
}

export interface VerifyProofOptions {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
}

/** @returns the checkpoint, with who signed it. @throws {TlogError} for everything that does not hold */
export async function verifyProofFile(
  text: string,
  entry: Uint8Array,
  { origin, keys }: VerifyProofOptions,
): Promise<VerifiedCheckpoint & { readonly index: number }> {
  const { index, hashes, checkpoint } = parseProofFile(text);
  const opened = await openCheckpoint(checkpoint, origin, keys);
  if (index >= opened.size) throw refuse('the place is behind the end of the tree');
  verifyInclusion({ leafHash: hashLeaf(entry), index, size: opened.size, root: opened.root, proof: hashes });
  return { ...opened, index };
}

function refuse(why: string): TlogError {
  return new TlogError('bad_proof_file', `This is not a proof: ${why}.`);
}
