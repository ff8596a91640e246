/**
 * Signs a release of the catalogue of measures (packages/server/src/code/catalogue, ADR 0026). After `npm run build`:
 *
 *     node scripts/sign-catalogue.mjs --new-key KEY_FILE [--name NAME]          makes an Ed25519 key and prints its verifier key
 *     node scripts/sign-catalogue.mjs --key KEY_FILE [--name NAME] CATALOGUE    writes CATALOGUE with .note in place of .json
 *
 * What is signed is the version and the SHA-256 of the bytes: after any change of the file it must be signed again. The verifier key goes into
 * publisher-keys.ts for releases that come with this software, or into GATEHOUSE_CODE_CATALOGUE_KEYS for one's own.
 */
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createSignerKey, formatVerifierKey, signNote } from '../packages/tlog/dist/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'new-key': { type: 'string' }, key: { type: 'string' }, name: { type: 'string', default: 'gatehouse-catalogue' } },
});
const [file] = positionals;

if (values['new-key'] !== undefined) {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  // Never over a key that is there already.
  writeFileSync(values['new-key'], pem, { mode: 0o600, flag: 'wx' });
  process.stdout.write(`${formatVerifierKey(await openKey(values['new-key']))}\n`);
} else if (values.key !== undefined && file?.endsWith('.json')) {
  const bytes = readFileSync(file);
  const { version } = JSON.parse(bytes.toString('utf8'));
  const key = await openKey(values.key);
  const text = `gatehouse.catalogue/v1\n${version}\n${createHash('sha256').update(bytes).digest('hex')}\n`;
  writeFileSync(file.replace(/\.json$/, '.note'), await signNote(text, [key]));
  process.stdout.write(`${formatVerifierKey(key)}\n`);
} else {
  process.stderr.write('Usage: sign-catalogue.mjs --new-key KEY_FILE | --key KEY_FILE CATALOGUE.json [--name NAME]\n');
  process.exitCode = 64;
}

/** The last 32 bytes of the PKCS#8 form are the seed (RFC 8410). */
function openKey(path) {
  const seed = createPrivateKey(readFileSync(path)).export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  return createSignerKey(values.name, new Uint8Array(seed));
}
