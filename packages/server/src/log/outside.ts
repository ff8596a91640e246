/** What outsiders do for this log, and this installation for the logs of others: witnesses and time stamps. */
import type { SignerKey } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import { createCosigners, type Cosigners } from './cosigners.ts';
import type { StoredCheckpoint } from './schema.ts';
import { openWitnessKey } from './signer.ts';
import { createStamps, type Stamps } from './stamps.ts';
import { findLastStamp } from './store-stamp.ts';
import { readCosigned } from './store-witness.ts';
import { createWitness, type Witness } from './witness.ts';
import type { Anchors, OutsideView } from './witness-schema.ts';

export interface Outside {
  /** For the logs of others. */
  readonly witness: Witness;
  /** The witnesses of this log. */
  readonly cosigners: Cosigners;
  readonly stamps: Stamps;
  /** What outsiders have seen of this log. */
  anchors(): Promise<Anchors>;
  describe(): Promise<OutsideView>;
}

export interface OutsideParts {
  readonly context: AppContext;
  /** The key of this log under its name. */
  readonly signer: () => Promise<SignerKey>;
  /** Signs what is there. */
  readonly checkpoint: () => Promise<StoredCheckpoint>;
}

export async function createOutside({ context, signer, checkpoint }: OutsideParts): Promise<Outside> {
  const { config, database } = context;
  const openKey = (): ReturnType<typeof openWitnessKey> => openWitnessKey(config);
  // One that the operator named must be there from the start; ours is made when it is needed.
  if (config.logWitnessKeyFile !== undefined) await openKey();
  const name = async (): Promise<string> => config.logWitnessName ?? `${(await signer()).name}/witness`;
  const witness = createWitness({ context, logKey: signer, openKey, name });
  const ownKeys = async (): Promise<Awaited<ReturnType<typeof signer>>[]> => [await signer(), ...(await witness.ownKey())];
  const cosigners = createCosigners({ context, checkpoint, ownKeys });
  const stamps = await createStamps({ context, checkpoint });
  const anchors = async (): Promise<Anchors> => {
    const [cosigned, stamp] = [await readCosigned(database.sql), await findLastStamp(database.sql)];
    return { lastWitnessAt: cosigned.at, lastStampAt: stamp?.at ?? null, anchoredUpTo: Math.max(cosigned.size, stamp?.size ?? 0) };
  };
  return {
    witness,
    cosigners,
    stamps,
    anchors,
    async describe() {
      const { anchoredUpTo } = await anchors();
      return { anchoredUpTo, cosigners: await cosigners.list(), stamping: await stamps.describe() };
    },
  };
}
