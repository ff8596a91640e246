/** Records in the whole application: who may sign, what the command line does, and what an inspector checks without a server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { domains } from '../src/domains.ts';
import { runProgram } from '../src/platform/cli/program.ts';
import { systemClock } from '../src/platform/clock.ts';
import { LOCAL_PRINCIPAL, type Right } from '../src/platform/http/rights.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { wholeDraft } from './support/code-records.ts';

const SIGNATURE = { name: 'Ada Example', isResponsible: true };
const MEASURE = { control: 'icu-c2', description: 'Content is looked at and acted upon.', effectiveFrom: '2026-11-25', owner: 'Head of safety' };
const RecordSchema = z.looseObject({ id: z.string(), version: z.number(), digest: z.string(), signedName: z.string() });

let app: TestApp;
let folder: string;
beforeAll(async () => {
  app = await startTestApp();
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'));
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly method?: string;
  readonly json?: unknown;
  readonly key?: string;
}

async function send(path: string, { method = 'POST', json, key = app.key }: Sent = {}): Promise<{ readonly status: number; readonly body: unknown }> {
  const reply = await fetch(new URL(path, app.url), {
    method,
    headers: { authorization: `Bearer ${key}`, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await reply.text();
  return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

const makeKey = async (rights: Right[]): Promise<string> => (await app.app.services.access.createKey({ name: 'some', rights }, LOCAL_PRINCIPAL)).secret;

async function cli(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const written = { out: '', err: '' };
  const code = await runProgram(
    {
      definitions: domains.flatMap((domain) => domain.commands ?? []),
      version: '1.2.3',
      terminal: { out: (text) => void (written.out += text), err: (text) => void (written.err += text), isInteractive: false },
      clock: systemClock,
      signal: new AbortController().signal,
      openLocal: async () => ({ socketPath: app.socketPath, stop: async () => undefined }),
    },
    argv,
  );
  return { code, ...written };
}

describe('who may sign', () => {
  it('only a key with the right to, and only with a name and the box', async () => {
    const record = { kind: 'measure', body: MEASURE };
    const manager = await makeKey(['code:read', 'code:manage']);
    expect((await send('/v1/code/records', { json: { record, signature: SIGNATURE }, key: manager })).status).toBe(403);
    const signer = await makeKey(['code:sign']);
    for (const signature of [
      { name: '', isResponsible: true },
      { name: 'Ada', isResponsible: false },
      { name: 'Ada' },
      { name: 'Ada\nBob', isResponsible: true },
    ])
      expect((await send('/v1/code/records', { json: { record, signature }, key: signer })).status).toBe(400);
    expect((await send('/v1/code/records', { method: 'GET' })).body).toEqual({ records: [] });
    const signed = await send('/v1/code/records', { json: { record, signature: SIGNATURE }, key: signer });
    expect([signed.status, signed.body]).toEqual([201, expect.objectContaining({ version: 1, signedName: 'Ada Example', body: MEASURE })]);
    const { id } = RecordSchema.parse(signed.body);
    expect((await send(`/v1/code/records/${id}/withdrawal`, { json: { reason: 'No.' }, key: manager })).status).toBe(403);
    expect((await send(`/v1/code/records/${id}`, { method: 'GET', key: signer })).status).toBe(403);
  });

  it('two versions that are signed at once have two numbers', async () => {
    const policy = (version: string): object => ({
      record: {
        kind: 'policy',
        body: { name: 'moderation', version, about: 'All.', inForceFrom: '2026-01-01', reviewBy: '2099-01-01', documentSha256: 'a'.repeat(64) },
      },
      signature: SIGNATURE,
    });
    const signed = await Promise.all(['1', '2'].map((version) => send('/v1/code/records', { json: policy(version) })));
    expect(signed.map(({ body }) => RecordSchema.parse(body).version).toSorted()).toEqual([1, 2]);
  });

  it('a risk assessment, whose levels become facts and whose measures are decided anew', async () => {
    const kinds = app.app.services.code.records.kindsOf('illegal_content').map(({ kind }) => kind);
    expect(kinds).toHaveLength(21);
    const nextReview = new Date(systemClock.now().getTime() + 300 * 86_400_000).toISOString().slice(0, 10);
    const made = await send('/v1/code/assessments', { json: wholeDraft('illegal_content', { kinds, nextReview }) });
    expect(made.body).toMatchObject({ missing: [] });
    const path = `/v1/code/assessments/${z.object({ id: z.string() }).parse(made.body).id}`;
    expect((await send(path, { method: 'PATCH', json: { subject: 'illegal_content', measures: ['nothing-known'] } })).body).toMatchObject({
      missing: [{ at: 'measures' }],
    });
    const refused = await send(`${path}/signature`, { json: SIGNATURE });
    expect([refused.status, refused.body]).toEqual([422, expect.objectContaining({ code: 'record_incomplete' })]);
    await send(path, { method: 'PATCH', json: { subject: 'illegal_content', measures: ['icu-c2'] } });
    const manager = await makeKey(['code:read', 'code:manage']);
    expect((await send(`${path}/signature`, { json: SIGNATURE, key: manager })).status).toBe(403);
    const signed = await send(`${path}/signature`, { json: SIGNATURE });
    expect([signed.status, signed.body]).toEqual([201, expect.objectContaining({ kind: 'assessment_illegal', subject: 'illegal_content', version: 1 })]);
    const { values, said } = await app.app.services.code.facts.read();
    expect(kinds.map((kind) => values.get(`risk.${kind}`))).toEqual(kinds.map(() => 'medium'));
    expect(values.get('multiRisk')).toBe(true);
    expect(said.find(({ fact }) => fact === 'risk.fraud')).toMatchObject({
      origin: 'assessment',
      method: expect.stringContaining(RecordSchema.parse(signed.body).id),
    });
    expect((await send(path, { method: 'GET' })).status).toBe(404);
  });
});

describe('the command line', () => {
  it('signs, lists, shows, withdraws', async () => {
    const options = ['--description', 'Done.', '--from', '2026-11-25', '--owner', 'Ada'];
    expect((await cli('code', 'records', 'sign-measure', 'icu-c1', ...options, '--name', 'Ada')).code).toBe(3);
    const signed = await cli('code', 'records', 'sign-measure', 'icu-c1', ...options, '--name', 'Ada', '--responsible', '--json');
    const { id } = RecordSchema.parse(JSON.parse(signed.out));
    const attested = await cli(
      'code',
      'records',
      'attest',
      'training_current_ratio',
      '--figure',
      '0.97',
      '--statement',
      'Counted.',
      '--until',
      '2099-01-01',
      '--name',
      'Ada',
      '--responsible',
    );
    expect([attested.code, attested.out]).toEqual([0, expect.stringContaining('Figure: 0.97')]);
    const file = join(folder, 'board.json');
    await writeFile(
      file,
      JSON.stringify({ review: 'board', by: 'The board', heldOn: '2026-11-01', findings: 'Fine.', nextBy: '2099-01-01', documentSha256: null }),
    );
    expect((await cli('code', 'records', 'sign', 'review', file, '--name', 'Ada', '--responsible')).out).toContain('Review by the board or most senior body');
    expect((await cli('code', 'records', 'list', '--kind', 'measure')).out).toMatch(/rec_\w+ +measure +icu-c1 +1 +.* Ada +in effect/);
    expect((await cli('code', 'records', 'show', id)).out).toContain('Measure in effect: icu-c1, version 1 (in effect)');
    expect((await cli('code', 'records', 'withdraw', id, '--reason', 'Closed.')).code).toBe(0);
    expect((await cli('code', 'records', 'show', id)).out).toContain('Withdrawn: Closed.');
    expect((await cli('code', 'records', 'list', '--subject', 'icu-c1')).out).toBe('There are no signed records.\n');
    expect((await cli('code', 'records', 'list', '--subject', 'icu-c1', '--superseded')).out).toContain('kept until');
    expect((await cli('code', 'records', 'prune')).out).toContain('Nothing was old enough');
  });

  it('hands out a record that is checked offline', async () => {
    const signed = await cli(
      'code',
      'records',
      'sign-measure',
      'icu-d1',
      '--description',
      'Done.',
      '--from',
      '2026-11-25',
      '--owner',
      'Ada',
      '--name',
      'Ada',
      '--responsible',
      '--json',
    );
    const name = join(folder, 'handed');
    expect((await cli('code', 'records', 'prove', RecordSchema.parse(JSON.parse(signed.out)).id, '--out', name)).code).toBe(0);
    expect(await readFile(`${name}.tlog-proof`, 'utf8')).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
    const { verifierKey } = await app.app.services.log.status();
    const holds = await cli('code', 'records', 'verify', `${name}.json`, '--key', verifierKey);
    expect([holds.code, holds.out]).toEqual([0, expect.stringContaining('Holds: signed by Ada')]);
    expect((await cli('code', 'records', 'verify', `${name}.json`)).out).toContain('The key came from the file itself');
    await writeFile(`${name}-2.json`, (await readFile(`${name}.json`, 'utf8')).replace('"Done."', '"Undone."'));
    const broken = await cli('code', 'records', 'verify', `${name}-2.json`, '--key', verifierKey);
    expect([broken.code, broken.out]).toEqual([1, expect.stringContaining('DOES NOT HOLD')]);
    expect((await cli('code', 'records', 'verify', `${name}.tlog-proof`)).code).toBe(3);
  });

  it('the log knows every signature, and nothing else', async () => {
    const { code } = app.app.services;
    const records = await code.records.list({ withSuperseded: true });
    for (const record of records) expect(await code.records.logIndex(record)).toBeTypeOf('number');
    const { body } = await send('/v1/log/completeness');
    expect(body).toMatchObject({ isComplete: true });
    expect(JSON.stringify(body)).toContain('signed records');
  });
});
