/**
 * Keys of the log: one signs its own checkpoints, and statements that cannot be taken for one (statement-rules.ts); another cosigns those of others.
 * Neither signs anything else.
 */
import { createSignerKey, type KeyUse, type SignerKey } from '@gatehouse/tlog';
import { inDataDir, type Config } from '../platform/config.ts';
import { takeSigningKey } from '../platform/signing-key.ts';

/** The key under a name. */
export type NamedKey = (name: string) => Promise<SignerKey>;

/** @throws {GatehouseError} `config_invalid` */
export function openLogKey(config: Config): Promise<NamedKey> {
  const path = config.logKeyFile ?? inDataDir(config, 'keys', 'log.pem');
  return openKey({ path, isOwn: config.logKeyFile === undefined, name: 'key of the log', use: 'ed25519' });
}

/** @throws {GatehouseError} `config_invalid` */
export function openWitnessKey(config: Config): Promise<NamedKey> {
  const path = config.logWitnessKeyFile ?? inDataDir(config, 'keys', 'log-witness.pem');
  return openKey({ path, isOwn: config.logWitnessKeyFile === undefined, name: 'key of the witness', use: 'cosignature' });
}

interface KeyFile {
  readonly path: string;
  /** True for a file of ours, which is made when it is missing. */
  readonly isOwn: boolean;
  /** For messages. */
  readonly name: string;
  readonly use: KeyUse;
}

async function openKey({ path, isOwn, name, use }: KeyFile): Promise<NamedKey> {
  const { key } = await takeSigningKey(path, { isOwn, name });
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const made = new Map<string, Promise<SignerKey>>();
  return (origin) => {
    const found = made.get(origin) ?? createSignerKey(origin, seed, use);
    made.set(origin, found);
    return found;
  };
}
