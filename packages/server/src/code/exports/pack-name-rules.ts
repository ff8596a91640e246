/** Where things stand in an evidence pack. One list for who writes it and who checks it. */
export const PACK = {
  readme: 'README.txt',
  catalogue: 'catalogue/catalogue.json',
  catalogueNote: 'catalogue/catalogue.note',
  catalogueKeys: 'catalogue/publisher-keys.txt',
  checkpoint: 'log/checkpoint',
  verifierKey: 'log/verifier-key.txt',
  witnesses: 'log/witness-keys.txt',
  evaluation: 'evaluation.json',
  /** Exactly the text that the digest in the evaluation is over. */
  facts: 'facts.json',
  said: 'facts-said.json',
  gaps: 'gaps.json',
  manifest: 'manifest.json',
  manifestNote: 'manifest.note',
  records: 'records/index.json',
  losses: 'oscal/losses.json',
  verifier: 'verify.html',
} as const;

/** Of the signed note about the manifest: first line of its text. No checkpoint of a log begins so. */
export const PACK_STATEMENT = 'gatehouse.evidence-pack/v1';
/** The name of the evaluation among the proofs. */
export const EVALUATION = 'evaluation';

export function namePack(evaluationId: string): string {
  return `gatehouse-evidence-${evaluationId}.tar`;
}

/** The exact text of an entry of the log, and the proof that it is in the log. */
export function nameProof(subject: string): { readonly entry: string; readonly proof: string } {
  return { entry: `proofs/${subject}.json`, proof: `proofs/${subject}.tlog-proof` };
}

export function nameRecord(id: string): string {
  return `records/${id}.json`;
}

/** What is signed: what it is, the log, the evaluation, SHA-256 of the manifest. */
export function formatPackStatement({
  origin,
  evaluationId,
  manifestSha256,
}: {
  readonly origin: string;
  readonly evaluationId: string;
  readonly manifestSha256: string;
}): string {
  return `${PACK_STATEMENT}\n${origin}\n${evaluationId}\n${manifestSha256}\n`;
}
