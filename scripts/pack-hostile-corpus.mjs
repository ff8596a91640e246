/**
 * Packs fixtures/credential/hostile into the one file that an installation brings along for its self-test
 * (`gatehouse age evidence self-test`). Run it after the corpus was published anew: node scripts/pack-hostile-corpus.mjs
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CORPUS = join(ROOT, 'fixtures/credential/hostile');
const TARGET = join(ROOT, 'packages/server/src/age/evidence/data/hostile.json.gz');

const cases = ['mdoc', 'sd-jwt', 'openid4vp'].flatMap((set) =>
  readdirSync(join(CORPUS, set))
    .toSorted()
    .map((name) => {
      const { about: _about, ...one } = JSON.parse(readFileSync(join(CORPUS, set, name), 'utf8'));
      // The genuine ones say in their names what they answer.
      const answer = one.expect === 'accepted' ? { answer: one.id.startsWith('fine-false') ? 'false' : 'true' } : {};
      return { set, ...one, ...answer };
    }),
);
writeFileSync(TARGET, gzipSync(JSON.stringify(cases), { level: 9 }));
process.stdout.write(`${cases.length} cases\n`);
