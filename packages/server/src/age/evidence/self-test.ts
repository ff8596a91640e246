/** Runs the packed corpus against the verifier of this build, each case twice. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as letGo } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createTrustStore, verifyPresentation, type PostSession } from '@gatehouse/credential';
import { z } from 'zod';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { LabCaseSchema, type LabCase, type LabReport, type LabVerdict } from './lab-schema.ts';
import { summariseLab, type Judged } from './lab-report-rules.ts';

/** Made by scripts/pack-hostile-corpus.mjs of fixtures/credential/hostile. */
const CORPUS_FILE = join(PACKAGE_DIR, 'src', 'age', 'evidence', 'data', 'hostile.json.gz');
const CORPUS_BYTES_MAX = 16 * 1_048_576;
/** The event loop is let go after so many cases: one takes about a millisecond. */
const TURN = 5;

export type LabVerifier = (one: LabCase) => Promise<LabVerdict>;

export interface Corpus {
  readonly cases: readonly LabCase[];
  readonly sha256: string;
}

/** @throws {GatehouseError} `internal` when the installation has no corpus */
export async function readCorpus(): Promise<Corpus> {
  const packed = await readFile(CORPUS_FILE).catch((cause: unknown) => {
    throw new GatehouseError('internal', 'The corpus of the self-test is missing from this installation. Nothing was tested.', { cause });
  });
  const text = gunzipSync(packed, { maxOutputLength: CORPUS_BYTES_MAX }).toString('utf8');
  return { cases: z.array(LabCaseSchema).parse(JSON.parse(text)), sha256: createHash('sha256').update(text).digest('hex') };
}

export async function runLab(corpus: Corpus, verify: LabVerifier, signal?: AbortSignal): Promise<LabReport> {
  const judged: Judged[] = [];
  for (const [at, one] of corpus.cases.entries()) {
    if (at % TURN === 0) await letGo();
    if (signal?.aborted === true) throw new GatehouseError('stopping', 'The self-test was stopped. Nothing of it was kept.');
    judged.push({ one, first: await verify(one), second: await verify(one) });
  }
  return summariseLab(judged, corpus.sha256);
}

/** The verifier as wallets meet it. A fault that is no refusal by name is one of ours, and shows as such. */
export const verifyLabCase: LabVerifier = async (one) => {
  const anchors = one.trust_anchors.map(({ certificate, document_types: documentTypes, valid_from: from, valid_to: to }, at) => ({
    id: String(at),
    certificate: Buffer.from(certificate, 'base64'),
    documentTypes,
    source: 'corpus',
    ...(from === undefined ? {} : { validFrom: new Date(from) }),
    ...(to === undefined ? {} : { validTo: new Date(to) }),
  }));
  try {
    // The corpus is a file of ours: its sessions are those that this package would have opened.
    const session = one.session as PostSession;
    const response = { kind: 'direct_post', vpToken: one.response.vp_token, state: one.response.state } as const;
    const { answer } = await verifyPresentation(session, response, { trust: createTrustStore(anchors), now: new Date(one.now) });
    return `accepted_${answer}`;
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'code');
    return error instanceof Error && error.name === 'CredentialError' && typeof code === 'string' ? code : 'fault';
  }
};
