export { TlogError, type TlogErrorCode } from './errors.ts';
export { sha256 } from './sha256.ts';
export { hashEmpty, hashLeaf, hashNode } from './hashing.ts';
export { createFrontier, type Frontier } from './frontier.ts';
export { decodeBundle, encodeBundle, listNewBundles, listNewTiles, listTiles, parseTilePath, TILE_WIDTH, tilePath, type Tile } from './tiles.ts';
export { createHashReader, hashComplete, type HashReader, type ReadTile } from './hash-reader.ts';
export { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion, type ConsistencyClaim, type InclusionClaim } from './proofs.ts';
export { listEdge, openTreeBuilder, type TreeBuilder, type TreeFile } from './tree-builder.ts';
export { createSignerKey, createVerifierKey, formatVerifierKey, parseVerifierKey, type KeyUse, type SignerKey, type VerifierKey } from './keys.ts';
export { formatNote, openNote, parseNote, signNote, type NoteSignature, type Signed, type UnverifiedNote, type VerifiedNote } from './note.ts';
export { openCheckpoint, peekCheckpoint, signCheckpoint, type Checkpoint, type VerifiedCheckpoint } from './checkpoint.ts';
export { formatProofFile, parseProofFile, verifyProofFile, type ProofFile, type VerifyProofOptions } from './proof-file.ts';
export {
  addCosignatures,
  cosign,
  formatAddCheckpoint,
  judgeCheckpoint,
  parseAddCheckpoint,
  type AddCheckpoint,
  type WitnessedTree,
  type WitnessMemory,
  type WitnessVerdict,
} from './witnessing.ts';
