/** The key of the log: signs checkpoints, and nothing else. */
import { createSignerKey, type SignerKey } from '@gatehouse/tlog';
import { inDataDir, type Config } from '../platform/config.ts';
import { takeSigningKey } from '../platform/signing-key.ts';

/** @throws {GatehouseError} `config_invalid` */
export async function openLogKey(config: Config): Promise<(origin: string) => Promise<SignerKey>> {
  const path = config.logKeyFile ?? inDataDir(config, 'keys', 'log.pem');
  const { key } = await takeSigningKey(path, { isOwn: config.logKeyFile === undefined, name: 'key of the log' });
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const made = new Map<string, Promise<SignerKey>>();
  return (origin) => {
    const found = made.get(origin) ?? createSignerKey(origin, seed);
    made.set(origin, found);
    return found;
  };
}
