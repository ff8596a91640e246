/** Through a whole running Gatehouse and the command line: what is handed out, and what an outsider finds with nothing but the file and the key. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createUpload, loadDemonstration, putContent } from '../../../test/e2e/scene.ts';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import type { CommandArguments, CommandContext } from '../../platform/cli/command.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';
import { BatchSchema } from './dsa-schema.ts';
import { PACK } from './pack-name-rules.ts';
import { readTar } from './tar-rules.ts';

let app: TestApp;
let folder: string;
let out = '';

beforeAll(async () => {
  [app, folder] = [await startTestApp(), await mkdtemp(join(tmpdir(), 'gatehouse-exports-'))];
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  out = '';
});

const post = (path: string, json: object = {}): Promise<Response> =>
  app.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) });
const inFolder = (name: string): string => join(folder, name);

async function run(
  name: string,
  options: CommandArguments['options'],
  { positional = [], isOffline = false }: { readonly positional?: readonly string[]; readonly isOffline?: boolean } = {},
): Promise<number> {
  const api = createApiClient({ socketPath: app.socketPath });
  const context: CommandContext = {
    terminal: { out: (text) => void (out += text), err: () => undefined, isInteractive: false },
    log: silentLog,
    clock: systemClock,
    isJson: false,
    signal: new AbortController().signal,
    config: () => loadConfig({ env: {} }),
    api: async () => {
      if (isOffline) throw new Error('no server may be asked');
      return api;
    },
  };
  try {
    return (await commands.find((known) => known.name === name)?.run(context, { positional, options })) ?? -1;
  } finally {
    await api.close();
  }
}

describe('a pack', () => {
  it('is refused before anything was evaluated, and says what to do', async () => {
    const reply = await app.call('/v1/code/exports/pack');
    expect([reply.status, await reply.text()]).toEqual([404, expect.stringContaining('gatehouse code evaluate')]);
  });

  it('goes from a running service to somebody who has only the file and the key', async () => {
    await post('/v1/code/facts', { answers: [{ fact: 'ukMau', value: 20_000, method: 'counted' }] });
    const body = { control: 'icu-c2', description: 'Reports are reviewed by two people.', effectiveFrom: '2026-11-25', owner: 'Ada Example' };
    for (const description of ['As it was.', body.description])
      expect(
        (
          await post('/v1/code/records', {
            record: { kind: 'measure', body: { ...body, description } },
            signature: { name: 'Ada Example', isResponsible: true },
          })
        ).status,
      ).toBe(201);
    expect((await post('/v1/code/evaluations')).ok).toBe(true);
    const file = inFolder('pack.tar');
    expect(await run('code export', { pack: true, out: file })).toBe(0);
    const { verifierKey } = (await (await app.call('/v1/log')).json()) as { verifierKey: string };
    out = '';
    expect(await run('code verify-pack', { key: verifierKey, measures: true }, { positional: [file], isOffline: true })).toBe(0);
    expect(out).toMatch(/^Intact: pack of .*\/log, evaluation /);
    expect(out.match(/^holds +Record \S+ stands in the log: entry \d+, signed by Ada Example$/gm)).toHaveLength(2);
    expect(out).toContain('vp-01: ');
    expect(out).not.toContain('DOES NOT');
  });

  it('with one byte changed is refused', async () => {
    const bytes = await readFile(inFolder('pack.tar'));
    const changed = inFolder('changed.tar');
    await writeFile(changed, bytes.with(2_000, (bytes[2_000] ?? 0) ^ 1));
    expect(await run('code verify-pack', {}, { positional: [changed], isOffline: true })).toBe(1);
    expect(out).toContain('NOT INTACT');
    await expect(run('code verify-pack', { key: 'nonsense' }, { positional: [changed], isOffline: true })).rejects.toThrow('Nothing was checked');
  });

  it('says nothing about people but the names that signed', async () => {
    const files = readTar(new Uint8Array(await readFile(inFolder('pack.tar')))).files;
    const said = new TextDecoder().decode(files.find(({ name }) => name === PACK.said)?.bytes);
    expect(JSON.parse(said)).toMatchObject({
      said: expect.arrayContaining([{ fact: 'ukMau', value: 20_000, origin: 'answer', saidAt: expect.any(String), method: 'counted' }]),
    });
    expect(said).not.toMatch(/saidBy|saidName|key_/);
  });
});

describe('the command', () => {
  it('writes each form to a file, or to where it can be piped', async () => {
    expect(await run('code export', { oscal: 'assessment-results' })).toBe(0);
    expect(JSON.parse(out)).toHaveProperty('assessment-results.results.0.observations');
    expect(await run('code export', { csv: 'measures', out: inFolder('m.csv') })).toBe(0);
    expect(await readFile(inFolder('m.csv'), 'utf8')).toMatch(/^"control","ref",/);
    expect(await run('code export', { verifier: true, out: inFolder('v.html') })).toBe(0);
    expect(await readFile(inFolder('v.html'), 'utf8')).toContain("default-src 'none'");
  });

  it('says what OSCAL cannot', async () => {
    expect(await run('code export', { oscal: 'profile', losses: true })).toBe(0);
    expect(out).toContain('Undecided ones are left out');
  });

  it.each([[{}], [{ oscal: 'catalog', pack: true }], [{ losses: true }]])('wants one form: %j', async (options) => {
    await expect(run('code export', options)).rejects.toThrow('Nothing was written');
  });

  it('makes statements, in files', async () => {
    await loadDemonstration(app);
    const id = await createUpload(app, 'notes');
    await putContent(app, id, Buffer.from('not a picture'));
    await app.call(`/v1/uploads/${id}?wait=30`);
    expect(await run('code dsa export', { out: inFolder('sor') })).toBe(0);
    expect(out).toContain('Restrictions: 1. Files: 1.');
    const batch = await readFile(inFolder('sor-1.json'), 'utf8');
    expect(BatchSchema.parse(JSON.parse(batch)).statements).toMatchObject([{ decision_ground: 'DECISION_GROUND_INCOMPATIBLE_CONTENT' }]);
    expect(batch).not.toContain(id);
    await expect(run('code dsa export', { from: 'soon' })).rejects.toThrow('is no time');
  });
});
