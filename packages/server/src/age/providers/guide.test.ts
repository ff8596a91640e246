/** The example in docs/guide/age.md is a file that Gatehouse takes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readProviders } from './configuration.ts';
import { deriveBuffer } from './buffer-rules.ts';

const GUIDE = resolve(import.meta.dirname, '../../../../../docs/guide/age.md');

it('takes the providers of the guide, and needs the buffer that the guide names', async () => {
  const block = /## Without a wallet[^]*?```json\n([^]*?)\n```/.exec(await readFile(GUIDE, 'utf8'))?.[1] ?? '';
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-providers-'));
  try {
    for (const [, name = ''] of block.matchAll(/File": "([^"]+)"/g)) await writeFile(join(dir, name), 'a-secret-of-thirty-two-characters');
    await writeFile(join(dir, 'providers.json'), block);
    const tools = { send: async () => ({ status: 500, body: '' }), now: () => new Date() };
    const { providers, maxWrongAccept } = await readProviders(join(dir, 'providers.json'), tools);
    expect(providers.map(({ id }) => id)).toEqual(['bank', 'face', 'card', 'mail']);
    const face = providers.find(({ id }) => id === 'face');
    expect(face && deriveBuffer({ threshold: 18, direction: 'over' }, face.declaration, maxWrongAccept)).toMatchObject({ challengeAge: 23 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
