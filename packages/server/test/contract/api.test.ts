/**
 * Every operation of the OpenAPI document, called for real; every answer is held against the document. The document that is checked in
 * is the one that the routes give.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { anchorId } from '@gatehouse/credential';
import { createTestAuthority } from '@gatehouse/credential/simulator';
import { createSignerKey, formatVerifierKey, hashLeaf, signCheckpoint } from '@gatehouse/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeRoutes } from '../../src/app.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { buildOpenApi } from '../../src/platform/http/openapi.ts';
import { VERSION } from '../../src/platform/version.ts';
import { WRITES as HMA_WRITES } from '../../src/surfaces/hma/curation-routes.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createContractChecker, type ContractChecker, type OpenApiDocument } from '../support/openapi.ts';

const SAMPLES = join(import.meta.dirname, '../../src/console/data');
const DEAD_HOST = '127.0.0.1:9';
/** A store that never answers: what is said then is documented too. */
const DEAD_STORE = {
  s3Endpoint: `http://${DEAD_HOST}`,
  s3AccessKeyId: 'contract',
  s3SecretAccessKey: 'contract',
  s3QuarantineBucket: 'quarantine',
  s3ReleasedBucket: 'released',
  s3EventsSecret: 'contract-contract',
};
const OCTETS = { 'content-type': 'application/octet-stream' };

let app: TestApp;
let contract: ContractChecker;
let document: OpenApiDocument;

async function call(
  method: string,
  path: string,
  options: { json?: unknown; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Record<string, unknown>; response: Response }> {
  const response = await app.call(path, {
    method,
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
    ...(options.body === undefined ? {} : { body: options.body }),
    headers: { ...(options.json === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
  });
  await contract.check(method, new URL(path, app.url).pathname, response);
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && !(response.headers.get('content-type') ?? '').includes('ndjson');
  return { status: response.status, body: isJson ? ((await response.json()) as Record<string, unknown>) : {}, response };
}

const readSample = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(join(SAMPLES, name)));

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

async function callAgeWallets(id: string, browser: Record<string, string>): Promise<void> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const rid = '0'.repeat(40);
  for (const method of ['GET', 'POST'])
    expect((await call(method, `/age/wallet/request/${rid}`, method === 'POST' ? { body: '', headers: form } : {})).status).toBe(410);
  expect((await call('POST', `/age/wallet/response/${rid}`, { body: 'error=access_denied', headers: form })).status).toBe(410);
  expect((await call('POST', `/age/${id}/dc/request`)).status).toBe(404);
  await call('POST', `/age/${id}/dc/request`, { headers: browser });
  const answer = { request: rid, protocol: 'org-iso-mdoc', data: {} };
  expect((await call('POST', `/age/${id}/dc/response`, { json: answer, headers: browser })).status).toBe(410);
}

async function callAgeTrust(): Promise<void> {
  const now = systemClock.now();
  const { root, signer } = createTestAuthority({ now });
  const [rootPem, signerPem] = [root, signer].map(({ certificate }) => new X509Certificate(certificate).toString());
  const imported = await call('POST', '/v1/age/trust/lists', { json: { name: 'contract', content: Buffer.from(rootPem ?? '').toString('base64') } });
  expect([imported.status, imported.body['added']]).toEqual([200, [anchorId(root.certificate)]]);
  expect((await call('GET', '/v1/age/trust/lists')).body['lists']).toHaveLength(1);
  expect((await call('GET', '/v1/age/trust/anchors')).body['anchors']).toHaveLength(1);
  expect((await call('POST', '/v1/age/trust/test', { json: { chain: signerPem } })).body).toMatchObject({ isTrusted: true });
  const mute = `/v1/age/trust/anchors/${anchorId(root.certificate)}/mute`;
  expect((await call('POST', mute, { json: { reason: 'contract' } })).status).toBe(204);
  expect((await call('POST', '/v1/age/trust/test', { json: { chain: signerPem } })).body).toMatchObject({ isTrusted: false });
  expect((await call('DELETE', mute)).status).toBe(204);
  expect((await call('DELETE', '/v1/age/trust/lists/contract')).status).toBe(204);
}

async function callAgeStatus(): Promise<void> {
  expect((await call('POST', '/v1/age/status-lists', { json: { uri: 'http://127.0.0.1/1' } })).status).toBe(422);
  // Nobody listens there (see `beforeAll`): registered, and not fetched.
  const added = await call('POST', '/v1/age/status-lists', { json: { uri: `http://${DEAD_HOST}/statuslists/1` } });
  expect([added.status, added.body['failure'], added.body['state']]).toEqual([201, 'unreachable', 'missing']);
  expect((await call('GET', '/v1/age/status-lists')).body).toMatchObject({ lists: [{ failures: 1 }], seen: { lists: [], others: 0 } });
  const path = `/v1/age/status-lists/${text(added.body['id'])}`;
  expect((await call('POST', `${path}/refresh`)).body).toMatchObject({ failures: 2 });
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('DELETE', path)).status).toBe(404);
}

async function callAgeSignals(id: string, headers: Record<string, string>): Promise<void> {
  const { nonce } = (await call('GET', `/v1/age/sessions/${id}/signal-nonce`, { headers })).body;
  const signal = { nonce, session: id, source: 'apple', range: { lower: 13, upper: 15 }, provenance: 'guardianDeclared' };
  expect((await call('POST', '/v1/age/signals', { json: signal })).body).toEqual({ status: 'noted', answer: 'false', grade: 1 });
  expect((await call('POST', '/v1/age/signals', { json: signal })).status).toBe(410);
  expect((await call('GET', '/v1/age/labels')).body).toMatchObject({ rta: { header: { name: 'Rating' } } });
}

async function callAgeGate(): Promise<void> {
  const client = { service: 'contract', redirectUris: ['https://contract.example/callback'] };
  const made = await call('POST', '/v1/age/clients', { json: client });
  expect([made.status, made.body['id']]).toEqual([200, 'contract']);
  expect((await call('GET', '/v1/age/clients')).body['clients']).toHaveLength(1);
  expect((await call('GET', '/.well-known/openid-configuration')).body).toMatchObject({ code_challenge_methods_supported: ['S256'] });
  expect((await call('GET', '/age/oidc/jwks')).body['keys']).toHaveLength(1);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await call('POST', '/age/oidc/token', { body: 'grant_type=authorization_code', headers: form })).status).toBe(401);
  expect((await call('GET', '/v1/age/check?service=contract&over=18')).status).toBe(401);
  expect((await call('DELETE', '/v1/age/clients/contract')).status).toBe(204);
}

async function callAgeEvidence(): Promise<void> {
  expect((await call('GET', '/v1/age/evidence')).body).toMatchObject({ about: 'Gatehouse supplies evidence and claims no compliance.', k: 50 });
  expect((await call('POST', '/v1/age/evidence/self-tests')).body).toMatchObject({ isPassed: true });
  const review = { reviewer: 'contract', reviewedOn: '2026-11-25', text: 'Nothing to change.', nextReviewOn: '2027-05-25' };
  expect((await call('POST', '/v1/age/evidence/reviews', { json: review })).status).toBe(201);
  expect((await call('POST', '/v1/age/evidence/reviews', { json: { ...review, nextReviewOn: 'soon' } })).status).toBe(400);
  expect((await call('GET', '/v1/age/evidence/record?limit=500')).body['entries']).not.toEqual([]);
  expect((await call('GET', '/v1/age/evidence/verification')).body).toMatchObject({ isIntact: true });
  expect((await call('GET', '/v1/age/evidence/export?format=json')).body).toMatchObject({ verification: { isIntact: true } });
  expect((await call('GET', '/age/statement.json')).body).toMatchObject({ about: 'Gatehouse supplies evidence and claims no compliance.' });
}

async function callCountries(): Promise<void> {
  const source = { url: null, publisher: 'contract', title: 'contract', licence: null, retrievedAt: '2026-11-25', sha256: null, quote: null };
  const statement = { country: 'GB', topic: 'procedure', key: 'police_first', value: true, text: 'contract', asOf: null, source, caveat: 'contract' };
  expect((await call('POST', '/v1/international/statements', { json: statement })).status).toBe(201);
  expect((await call('POST', '/v1/international/statements', { json: { ...statement, value: 'perhaps' } })).status).toBe(400);
  expect((await call('GET', '/v1/international/countries')).body['countries']).toHaveLength(253);
  expect((await call('GET', '/v1/international/countries/GB')).body).toMatchObject({ code: 'GB', procedure: { policeFirst: 'yes' } });
  expect((await call('GET', '/v1/international/countries/QQ')).status).toBe(404);
  expect((await call('GET', '/v1/international/countries/GB/procedure')).body).toMatchObject({ hotline: null, areWorkingDaysKnown: false });
  expect((await call('GET', '/v1/international/countries/GB/statements/police_first')).body['history']).toHaveLength(1);
  const table = { shape: 'lanzarote', file: 'state,iso2,status,date_note,source\nNowhere,QQ,ratified,,A\n', source };
  expect((await call('POST', '/v1/international/imports', { json: table })).body).toMatchObject({ kept: 0, faults: [expect.stringContaining('Nowhere')] });
  const claims = [{ text: 'contract', verdict: 'yes', evidence: [source] }];
  const assessor = { kind: 'desk', organisation: 'contract' };
  const assessment = { country: 'GB', framework: 'mnr-2016', capability: 3, phase: 1, assessor, method: 'contract', coverage: 1, claims };
  const made = await call('POST', '/v1/international/assessments', { json: assessment });
  expect([made.status, made.body['state']]).toEqual([201, 'draft']);
  const path = `/v1/international/assessments/${text(made.body['id'])}`;
  expect((await call('PUT', `${path}/state`, { json: { state: 'published' } })).status).toBe(409);
  expect((await call('PUT', `${path}/state`, { json: { state: 'reviewed' } })).body['state']).toBe('reviewed');
  expect((await call('POST', `${path}/reply`, { json: { text: 'contract', by: 'contract' } })).body['reply']).toMatchObject({ by: 'contract' });
  expect((await call('GET', '/v1/international/countries/GB/capabilities/3')).body['assessments']).toHaveLength(1);
  expect((await call('GET', '/v1/international/references')).body['references']).toHaveLength(6);
}

async function callFigures(): Promise<void> {
  const path = '/v1/international/figures';
  expect((await call('GET', path)).body).toMatchObject({ countries: { k: 10, groups: [] }, networks: { groups: [] } });
  expect((await call('GET', `${path}?from=2026-03-01&to=2026-02-01`)).status).toBe(400);
  expect((await call('GET', `${path}/export?table=recipients`)).response.headers.get('content-disposition')).toContain('figures-recipients.csv');
  expect((await call('GET', `${path}/shares?months=3`)).body).toEqual({ shares: [] });
  expect((await call('POST', '/v1/international/displacements')).body).toEqual({ found: 0 });
  expect((await call('GET', '/v1/international/displacements')).body).toEqual({ displacements: [] });
  expect((await call('GET', '/international/figures.json')).body).toMatchObject({ countries: { groups: [] }, shares: [] });
  expect((await call('GET', '/international/figures.json?quarter=2020-Q1')).status).toBe(404);
  expect((await call('GET', '/international/figures.csv')).response.headers.get('content-type')).toContain('text/csv');
}

async function callRegisterPublic(): Promise<void> {
  const path = '/v1/register/checks';
  expect((await call('GET', path)).body['checks']).toHaveLength(7);
  const { body } = await call('POST', path, { json: {} });
  expect(body['checks']).toMatchObject([
    { name: 'iicsa-1.screening-recall' },
    ...Array.from({ length: 6 }, () => ({ result: expect.stringMatching(/^(pass|fail)$/) })),
  ]);
  // Nobody reported anything here: without data it is never a pass.
  expect(body['checks']).toContainEqual(expect.objectContaining({ name: 'iicsa-2.removal-times', result: 'fail' }));
  expect((await call('GET', `${path}/iicsa-2.removal-times?limit=1`)).body['results']).toMatchObject([{ isPassed: false }]);
  expect((await call('GET', `${path}/NONE`)).status).toBe(400);
  await call('POST', '/v1/log/checkpoints');
  const run = text((body['checks'] as { runId: string }[])[0]?.runId);
  expect((await call('GET', `/register/_checks/${run}/run.json`)).body).toMatchObject({ v: 1, run });
  expect((await call('GET', `/register/_checks/${run}/proof.json`)).body['entry']).toContain(run);
  expect((await call('GET', `/register/_checks/chk_${'0'.repeat(26)}/run.json`)).status).toBe(404);
  const feed = await call('GET', '/register/feed.atom');
  expect(feed.response.headers.get('content-type')).toBe('application/atom+xml; charset=utf-8');
  expect((await call('GET', '/register/feed.atom', { headers: { 'if-none-match': feed.response.headers.get('etag') ?? '' } })).status).toBe(304);
  expect((await call('GET', '/register/iicsa-internet-2020/1/badge.svg')).response.headers.get('content-type')).toBe('image/svg+xml');
  expect((await call('GET', '/register/iicsa-internet-2020/99/badge.svg')).status).toBe(404);
}

async function callCodeCatalogue(): Promise<void> {
  expect((await call('GET', '/v1/code/catalogue')).body).toMatchObject({ version: '1.0.0', format: 1 });
  expect((await call('GET', '/v1/code/catalogue/controls/icu-c9')).body).toMatchObject({ control: { ref: 'ICU C9' }, source: { id: 'ICU' } });
  expect((await call('GET', '/v1/code/catalogue/controls/none')).status).toBe(404);
  expect((await call('GET', '/v1/code/releases')).body['releases']).toMatchObject([{ version: '1.0.0', isCurrent: true }]);
  const { body: shipped } = await call('GET', '/v1/code/releases/1.0.0');
  expect((await call('POST', '/v1/code/releases', { json: shipped })).body).toMatchObject({ version: '1.0.0', isCurrent: true });
  const forged = { ...shipped, catalogue: text(shipped['catalogue']).replace('180 measures', '181 measures') };
  expect((await call('POST', '/v1/code/releases', { json: forged })).body['code']).toBe('catalogue_signature');
  expect((await call('POST', '/v1/code/releases/1.0.0/use', { json: {} })).body).toMatchObject({ isCurrent: true });
  expect((await call('GET', '/v1/code/releases/1.0.0/difference/1.0.0')).body).toEqual({ from: '1.0.0', to: '1.0.0', controls: [] });
  expect((await call('GET', '/v1/code/amendments')).body['amendments']).toHaveLength(13);
}

async function callNotices(): Promise<void> {
  const path = '/v1/international/reports';
  const input = { url: 'http://1.1.1.1/contract', classification: 'baseline', basis: 'contract', detection: 'manual_review' };
  const made = await call('POST', path, { json: input });
  expect([made.status, made.body['country'], made.body['host']]).toEqual([201, 'AU', '1.1.1.1']);
  const report = `${path}/${text(made.body['id'])}`;
  expect((await call('POST', path, { json: { ...input, url: 'ftp://1.1.1.1/' } })).status).toBe(400);
  expect((await call('POST', path, { json: { ...input, url: `${input.url}#again` } })).body).toMatchObject({
    outcome: 'duplicate',
    duplicateOf: made.body['id'],
  });
  expect((await call('POST', `${report}/url`)).body).toEqual({ url: input.url });
  const drafted = await call('POST', `${report}/draft`);
  expect([drafted.status, drafted.body['notices']]).toEqual([201, [expect.objectContaining({ format: 'handover', state: 'draft' })]]);
  expect((await call('POST', `${report}/draft`)).body['code']).toBe('conflict');
  const [notice] = z.array(z.object({ id: z.string(), contactId: z.string() })).parse(drafted.body['notices']);
  expect((await call('POST', `/v1/international/notices/${notice?.id}/text`)).body['text']).toContain('hxxp://1.1.1.1/contract');
  expect((await call('POST', `/v1/international/notices/${notice?.id}/withdraw`)).body['state']).toBe('withdrawn');
  expect((await call('POST', `/v1/international/notices/${notice?.id}/approve`)).body['code']).toBe('conflict');
  expect((await call('POST', `/v1/international/notices/${notice?.id}/settle`, { json: { hasArrived: true } })).body['code']).toBe('conflict');
  for (const verb of ['approve', 'refuse']) expect((await call('POST', `/v1/international/contacts/${notice?.contactId}/${verb}`)).status).toBe(204);
  expect((await call('POST', `${report}/police`)).status).toBe(204);
  expect((await call('POST', `${path}/advance`)).body).toMatchObject({ sent: 0, failed: 0 });
  expect((await call('GET', report)).body).toMatchObject({ state: 'traced', country: 'AU' });
  expect((await call('GET', `${path}/none`)).status).toBe(404);
  expect((await call('POST', `${path}/bulk`, { json: { ids: [made.body['id'], 'none'], action: 'draft' } })).body).toMatchObject({
    done: [made.body['id']],
    refused: [{ id: 'none' }],
  });
  expect((await call('GET', `${path}?waits=hand`)).body).toMatchObject({ reports: [{ id: made.body['id'] }], waiting: { hand: 1 } });
  const raw = Buffer.from('Message-ID: <contract@example.org>\r\nSubject: hello\r\n\r\nHello\r\n').toString('base64');
  expect((await call('POST', '/v1/international/notices/replies', { json: { raw } })).status).toBe(204);
  const [reply] = z.array(z.object({ id: z.string() })).parse((await call('GET', '/v1/international/notices/replies')).body['replies']);
  expect((await call('POST', `/v1/international/notices/replies/${reply?.id}/text`)).body['text']).toContain('Hello');
  expect((await call('POST', `/v1/international/notices/replies/${reply?.id}/settle`, { json: { outcome: null } })).status).toBe(204);
  expect(Number((await call('POST', '/v1/international/notices/rekey')).body['sealed'])).toBeGreaterThan(0);
  expect((await call('POST', `${report}/close`, { json: { outcome: 'withdrawn' } })).status).toBe(204);
  expect((await call('POST', `${report}/close`, { json: { outcome: 'withdrawn' } })).body['code']).toBe('conflict');
}

async function callHosting(): Promise<void> {
  const path = '/v1/international/datasets';
  // Looked up in this file alone: there is no bootstrap file, so that no registry is asked.
  const sent = await call('PUT', `${path}/contract-2026-11.csv?licence=CC0`, { body: '1.1.1.0/24,AU\n', headers: OCTETS });
  expect([sent.status, sent.body['entries']]).toEqual([200, 1]);
  expect((await call('PUT', `${path}/broken.csv`, { body: 'no ranges', headers: OCTETS })).body['code']).toBe('dataset_invalid');
  expect((await call('GET', path)).body['datasets']).toMatchObject([{ name: 'contract-2026-11.csv', licence: 'CC0', problem: null }]);
  expect((await call('POST', `${path}/reload`)).body['datasets']).toHaveLength(1);
  expect((await call('POST', `${path}/update`, { json: {} })).status).toBe(400);
  expect((await call('POST', `${path}/update`, { json: { url: `http://${DEAD_HOST}/a.csv` } })).body['code']).toBe('dataset_failed');
  const ask = (kind: string, value: string): ReturnType<typeof call> => call('POST', '/v1/international/hosting', { json: { kind, value } });
  expect((await ask('ip', '1.1.1.1')).body).toMatchObject({ origin: 'claimed', country: 'AU' });
  expect((await ask('asn', 'AS64496')).body).toMatchObject({ origin: 'unknown', autnum: { asn: 64_496 } });
  expect((await ask('url', 'http://abcdefghijklmnop.onion/')).body).toMatchObject({ origin: 'onion' });
  expect((await ask('url', 'http://127.0.0.1/')).body['code']).toBe('hosting_target_invalid');
}

async function callCodeExports(): Promise<void> {
  const path = '/v1/code/exports';
  for (const model of ['catalog', 'profile', 'component-definition', 'assessment-results', 'plan-of-action-and-milestones', 'mapping-collection']) {
    expect((await call('GET', `${path}/oscal/${model}`)).body).toMatchObject({ [model]: { metadata: { 'oscal-version': '1.2.2' } } });
    expect((await call('GET', `${path}/oscal/${model}/losses`)).body).toMatchObject({ model });
  }
  expect((await call('GET', `${path}/oscal/system-security-plan`)).status).toBe(400);
  await call('POST', '/v1/code/evaluations');
  const pack = await call('GET', `${path}/pack`);
  expect([pack.status, pack.response.headers.get('content-disposition')]).toEqual([200, expect.stringMatching(/gatehouse-evidence-.+\.tar/)]);
  expect((await call('GET', `${path}/verifier`)).response.headers.get('content-disposition')).toContain('attachment');
  for (const table of ['measures', 'facts', 'gaps']) {
    expect((await call('GET', `${path}/${table}.csv`)).status).toBe(200);
    expect((await call('GET', `${path}/tables/${table}`)).body['rows']).toBeInstanceOf(Array);
  }
  const window = { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
  expect((await call('POST', `${path}/dsa`, { json: window })).body).toMatchObject({ isComplete: true, invalid: [] });
  expect((await call('POST', `${path}/dsa`, { json: { from: window.to, to: window.from } })).status).toBe(400);
}

async function callCodeEvidence(): Promise<void> {
  const made = await call('POST', '/v1/code/evaluations');
  expect([made.status, made.body['catalogueVersion']]).toEqual([201, '1.0.0']);
  const path = `/v1/code/evaluations/${text(made.body['id'])}`;
  expect((await call('GET', path)).body).toMatchObject({ digest: made.body['digest'] });
  expect((await call('GET', `${path}/proof`)).body['proof']).toContain('c2sp.org/tlog-proof');
  expect((await call('GET', '/v1/code/evaluations?limit=1')).body['evaluations']).toHaveLength(1);
  expect((await call('GET', '/v1/code/evaluations/none')).status).toBe(404);
  expect((await call('GET', '/v1/code/measures')).body['evaluation']).toMatchObject({ id: made.body['id'] });
  // Nobody has said anything about the service: nothing is a pass.
  expect((await call('GET', '/v1/code/measures/icu-a2')).body).toMatchObject({ measure: { state: 'not_evaluated' } });
  expect((await call('GET', '/v1/code/measures/none')).status).toBe(404);
  expect((await call('PUT', '/v1/code/targets/takedown-hours', { json: { value: 24, reason: 'contract' } })).status).toBe(200);
  expect((await call('PUT', '/v1/code/targets/none', { json: { value: 24, reason: 'contract' } })).body['code']).toBe('target_invalid');
  expect((await call('GET', '/v1/code/targets')).body['targets']).toMatchObject([{ id: 'takedown-hours', value: 24 }]);
  const probed = await call('POST', '/v1/code/probes');
  // Whether they are found depends on the lists in use.
  expect(probed.body['canaries']).toContainEqual(expect.objectContaining({ transform: 'turned', isListed: true, sent: 2, released: 0 }));
}

async function callCodeGaps(): Promise<void> {
  const { body } = await call('GET', '/v1/code/gaps');
  expect(body['gaps']).toContainEqual(expect.objectContaining({ control: 'icu-a2', outcome: 'binds', state: 'not_evaluated', plan: null }));
  const plan = { owner: 'Ada', due: '2020-01-01', plan: 'Name somebody.' };
  expect((await call('PUT', '/v1/code/gaps/icu-a2', { json: plan })).body['plans']).toMatchObject([plan]);
  expect((await call('PUT', '/v1/code/gaps/icu-a2', { json: { ...plan, due: 'soon' } })).status).toBe(400);
  expect((await call('PUT', '/v1/code/gaps/none', { json: plan })).status).toBe(404);
  expect((await call('GET', '/v1/code/gaps')).body['gaps']).toContainEqual(expect.objectContaining({ control: 'icu-a2', isOverdue: true }));
  // Off until the operator decides to publish it.
  expect((await call('GET', '/code/statement.json')).status).toBe(404);
}

async function callCodeFacts(): Promise<void> {
  const answers = Object.entries({ ukLinks: true, kind: 'u2u', ukMau: '20,000' }).map(([fact, value]) => ({ fact, value, method: 'contract' }));
  expect((await call('POST', '/v1/code/facts', { json: { answers } })).status).toBe(200);
  expect((await call('POST', '/v1/code/facts', { json: { answers: [{ fact: 'large', value: true }] } })).body).toMatchObject({ code: 'fact_invalid' });
  expect((await call('POST', '/v1/code/facts', { json: { answers: [] } })).status).toBe(400);
  const { body } = await call('GET', '/v1/code/facts');
  expect(body['questions']).toContainEqual(expect.objectContaining({ fact: 'ukMau', value: 20_000 }));
  expect((await call('GET', '/v1/code/facts/ukMau/history')).body['history']).toMatchObject([{ text: '20,000', method: 'contract' }]);
  expect((await call('GET', '/v1/code/facts/none/history')).status).toBe(404);
  const { body: all } = await call('GET', '/v1/code/applicability?on=2026-11-30');
  expect(all).toMatchObject({ day: '2026-11-30', catalogueVersion: '1.0.0', factsDigest: body['digest'] });
  expect((await call('GET', '/v1/code/applicability/icu-a1')).body).toMatchObject({
    outcome: 'not_asked',
    wouldBind: [[{ fact: 'ukMau', to: 'more than 7,000,000' }]],
  });
  expect((await call('GET', '/v1/code/applicability/none')).status).toBe(404);
  const { body: other } = await call('POST', '/v1/code/what-if', { json: { facts: { ukMau: 8_000_000 } } });
  expect(other['differences']).toContainEqual(expect.objectContaining({ control: 'icu-a1', before: 'not_asked', after: 'binds' }));
  expect((await call('POST', '/v1/code/what-if', { json: { facts: { ukMau: 'many' } } })).status).toBe(422);
}

async function callCodeRecords(): Promise<void> {
  const signature = { name: 'Ada Example', isResponsible: true };
  const body = { control: 'icu-c2', description: 'Done.', effectiveFrom: '2026-11-25', owner: 'Ada' };
  const signed = await call('POST', '/v1/code/records', { json: { record: { kind: 'measure', body }, signature } });
  expect([signed.status, signed.body['version']]).toEqual([201, 1]);
  const unknown = { kind: 'measure', body: { ...body, control: 'none' } };
  expect((await call('POST', '/v1/code/records', { json: { record: unknown, signature } })).body['code']).toBe('record_invalid');
  expect((await call('POST', '/v1/code/records', { json: { record: { kind: 'measure', body } } })).status).toBe(400);
  const path = `/v1/code/records/${text(signed.body['id'])}`;
  expect((await call('GET', path)).body).toEqual(signed.body);
  expect((await call('GET', `${path}/file`)).body).toMatchObject({ format: 'gatehouse.record/1', record: signed.body });
  expect(await (await call('GET', `${path}/proof`)).response.text()).toContain('c2sp.org/tlog-proof@v1');
  expect((await call('POST', `${path}/withdrawal`, { json: { reason: 'Closed.' } })).status).toBe(204);
  expect((await call('POST', `${path}/withdrawal`, { json: { reason: 'Closed.' } })).status).toBe(409);
  expect((await call('GET', '/v1/code/records?kind=measure')).body['records']).toEqual([]);
  expect((await call('GET', '/v1/code/records?kind=measure&superseded=true')).body['records']).toHaveLength(1);
  expect((await call('POST', '/v1/code/records/prunings')).body).toEqual({ deleted: 0 });
  expect((await call('GET', '/v1/code/records/none')).status).toBe(404);
  const draft = await call('POST', '/v1/code/assessments', { json: { subject: 'children' } });
  expect(draft.status).toBe(201);
  const there = `/v1/code/assessments/${text(draft.body['id'])}`;
  expect((await call('PATCH', there, { json: { subject: 'children', measuresNote: 'Nothing yet.' } })).body).toMatchObject({
    draft: { measuresNote: 'Nothing yet.' },
  });
  expect((await call('GET', '/v1/code/assessments')).body['drafts']).toHaveLength(1);
  expect((await call('POST', `${there}/signature`, { json: signature })).body['code']).toBe('record_incomplete');
  expect((await call('GET', there)).body['missing']).not.toEqual([]);
  expect((await call('DELETE', there)).status).toBe(204);
}

/** What one proposes another publishes: a second key. */
async function callRegister(): Promise<void> {
  const id = 'iicsa-internet-2020';
  const other = await call('POST', '/v1/keys', { json: { name: 'reviewer', rights: ['register:review'] } });
  const headers = { authorization: `Bearer ${text(other.body['secret'])}` };
  expect((await call('GET', '/v1/register/registers')).body).toMatchObject({ registers: [{ id, recommendations: 4 }] });
  expect((await call('GET', `/v1/register/recommendations?register=${id}`)).body['recommendations']).toHaveLength(4);
  expect((await call('GET', '/v1/register/recommendations?status=good')).status).toBe(400);
  expect((await call('GET', `/v1/register/recommendations/${id}/1`)).body).toMatchObject({ lateness: { responseDaysLate: 59 } });
  expect((await call('GET', `/v1/register/recommendations/${id}/1/timeline`)).status).toBe(200);
  expect((await call('GET', `/v1/register/recommendations/${id}/none`)).status).toBe(404);
  const change = {
    kind: 'action',
    recommendation: `${id}/2`,
    body: { owner: 'A ministry', kind: 'law', title: 'A law', from: null, to: null, legislation: null, source: null },
  };
  const propose = async (): Promise<string> => {
    const kept = await call('POST', '/v1/register/changes', { json: { change } });
    expect([kept.status, kept.body['state']]).toEqual([201, 'draft']);
    return `/v1/register/changes/${text(kept.body['id'])}`;
  };
  const path = await propose();
  expect((await call('POST', '/v1/register/changes', { json: { change: { ...change, recommendation: `${id}/9` } } })).status).toBe(400);
  expect((await call('POST', `${path}/submission`)).body['state']).toBe('in_review');
  expect((await call('POST', `${path}/publication`)).status).toBe(409);
  expect((await call('POST', `${path}/publication`, { headers })).body['state']).toBe('published');
  expect((await call('GET', path)).body['state']).toBe('published');
  expect((await call('POST', `${await propose()}/withdrawal`, { json: { reason: 'Twice.' } })).status).toBe(204);
  expect((await call('POST', `${await propose()}/rejection`, { json: { reason: 'Twice.' }, headers })).status).toBe(204);
  expect((await call('GET', '/v1/register/changes')).body['changes']).toEqual([]);
  for (const format of ['csv', 'json', 'jsonld']) expect((await call('GET', `/v1/register/registers/${id}/export?format=${format}`)).status).toBe(200);
  const exported: unknown = await (await app.call(`/v1/register/registers/${id}/export?format=jsonld`)).json();
  const read = await call('POST', '/v1/register/imports', { json: { input: { kind: 'jsonld', document: exported } } });
  expect(read.body).toMatchObject({ batch: null, faults: [], counts: { recommendation: 0 } });
  expect((await call('GET', '/v1/register/links')).body['links']).toContainEqual(expect.objectContaining({ status: 'not_checked' }));
  // The sources that come with Gatehouse are elsewhere: nothing is asked for in a test.
  expect((await call('POST', '/v1/register/links/checks', { json: { isAll: 'perhaps' } })).status).toBe(400);
}

async function callAgeTokens(id: string): Promise<void> {
  await call('GET', '/.well-known/private-token-issuer-directory');
  await call('POST', `/v1/age/tokens?session=${id}`, { body: new Uint8Array(259), headers: { 'content-type': 'application/private-token-request' } });
  await call('POST', `/v1/age/tokens/redeem?session=${id}`);
  for (const path of ['options', 'assertion-options']) await call('POST', `/v1/age/passkeys/${path}?session=${id}`);
  const response = { clientDataJSON: 'e30', attestationObject: 'oA', authenticatorData: 'AA', signature: 'AA' };
  await call('POST', `/v1/age/passkeys?session=${id}`, { json: { id: 'AA', type: 'public-key', response } });
  await call('POST', `/v1/age/passkeys/assertions?session=${id}`, { json: { id: 'AA', type: 'public-key', response } });
}

async function callHma(): Promise<void> {
  const send = async (path: string, name: string): ReturnType<typeof call> => {
    const form = new FormData();
    form.append('photo', new Blob([await readSample(name)]), name);
    return call('POST', path, { body: form });
  };
  const { pdq } = (await send('/hma/h/hash', 'original.jpg')).body;
  expect((await send('/hma/m/lookup', 'unrelated.jpg')).body).toEqual({ pdq: {} });
  expect((await send('/hma/m/lookup', 'README.md')).status).toBe(400);
  expect((await call('GET', `/hma/m/lookup?signal_type=pdq&signal=${text(pdq)}`)).body).toMatchObject({ CONTRACT: [{ distance: expect.any(String) }] });
  expect((await call('GET', `/hma/m/raw_lookup?signal_type=pdq&signal=${text(pdq)}`)).body['matches']).not.toEqual([]);
  await call('GET', `/hma/m/raw_lookup?signal_type=pdq&include_distance=true&signal=${text(pdq)}`);
  expect((await call('POST', '/hma/m/compare', { json: { pdq: [pdq, pdq], sha1: ['0'.repeat(40), '1'.repeat(40)] } })).status).toBe(200);
  expect((await call('GET', '/hma/h/hash?url=http://127.0.0.1/')).status).toBe(403);
  expect((await call('GET', '/hma/c/bank/CONTRACT/content/1')).status).toBe(404);
  for (const path of [
    'm/index/status',
    'c/banks',
    'c/bank/CONTRACT',
    'c/signal_type',
    'c/signal_type/index',
    'c/content_type',
    'c/exchanges',
    'c/exchanges/apis',
  ])
    expect((await call('GET', `/hma/${path}`)).status).toBe(200);
  for (const path of ['c/exchange/X', 'c/exchange/X/status']) expect((await call('GET', `/hma/${path}`)).status).toBe(404);
  for (const path of ['status', 'status/live', 'livez', 'readyz']) expect((await call('GET', `/hma/${path}`)).status).toBe(200);
  for (const [method, path] of HMA_WRITES)
    expect((await call(method.toUpperCase(), path.replace('{name}', 'X').replace('{id}', '1'), { json: {} })).status).toBe(403);
}

beforeAll(async () => {
  app = await startTestApp({ config: { outboundAllow: [DEAD_HOST], hostingResolvers: [DEAD_HOST], internationalPublic: true, hmaApi: true, ...DEAD_STORE } });
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as OpenApiDocument;
  contract = createContractChecker(document);
});

afterAll(() => app.stop());

describe('the document', () => {
  it('is the one that is checked in', async () => {
    const checkedIn: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../../../../docs/openapi.json'), 'utf8'));
    const routes = describeRoutes(loadConfig({ env: {} }), systemClock);
    expect(checkedIn).toEqual(JSON.parse(JSON.stringify(buildOpenApi(routes, VERSION))));
  });

  it('describes routes of which only health, documentation and the way of an age check are public', () => {
    const open = describeRoutes(loadConfig({ env: {} }), systemClock).filter((route) => route.right === 'public');
    expect(open.map((route) => `${route.method} ${route.path}`).toSorted()).toMatchSnapshot();
  });
});

describe('every operation', () => {
  it('health, settings and documentation', async () => {
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/v1/health', '/v1/settings', '/v1/me', '/.well-known/gatehouse-receipts.json'])
      await call('GET', path);
  });

  it('keys and sign-in links', async () => {
    const made = await call('POST', '/v1/keys', { json: { name: 'contract', rights: ['scan'] } });
    expect(made.status).toBe(201);
    await call('GET', '/v1/keys');
    const { id } = made.body['key'] as { id: string };
    expect((await call('DELETE', `/v1/keys/${id}`)).status).toBe(204);
    expect((await call('POST', '/v1/sign-in-links', { json: { name: 'somebody', rights: ['scan'] } })).status).toBe(201);
    expect((await call('POST', '/v1/keys', { json: {} })).status).toBe(400);
    expect((await call('POST', '/v1/backups', { json: { folder: '/nowhere' } })).status).toBe(403);
  });

  it('a scan without lists is an error with Retry-After, never a clearance', async () => {
    const answer = await call('POST', '/v1/scan', { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect(answer.status).toBe(503);
    expect(answer.response.headers.get('retry-after')).not.toBeNull();
    expect(answer.body).toMatchObject({ verdict: 'error', reason: 'no_lists' });
    expect(answer.body['receipt']).toBeUndefined();
  });

  it('a look-up without lists is an error with Retry-After, never an empty answer', async () => {
    const answer = await call('POST', '/v1/match', { json: { signals: [{ type: 'md5', value: '0'.repeat(32) }] } });
    expect([answer.status, answer.body['code'], answer.response.headers.get('retry-after')]).toEqual([503, 'lists_unavailable', '5']);
  });

  it('lists, entries and versions', async () => {
    const made = await call('POST', '/v1/lists', { json: { name: 'Contract' } });
    expect(made.status).toBe(201);
    const id = text(made.body['id']);
    const imported = await call('POST', `/v1/lists/${id}/import?format=csv`, { body: await readSample('demo-list.csv'), headers: OCTETS });
    expect(imported.status).toBe(200);
    expect(imported.body).toMatchObject({ bad: 0 });
    await call('GET', '/v1/lists');
    await call('GET', `/v1/lists/${id}`);
    await call('PATCH', `/v1/lists/${id}`, { json: { radius: 30 } });
    await call('GET', `/v1/lists/${id}/entries`);
    expect((await call('POST', `/v1/lists/${id}/entries/find`, { json: { signal: 'md5', value: 'f'.repeat(32) } })).status).toBeLessThan(500);
    expect(
      (await call('POST', `/v1/lists/${id}/entries`, { json: { entries: [{ signal: 'md5', value: '0123456789abcdef0123456789abcdef' }] } })).status,
    ).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/entries/1/disable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/entries/1/enable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/disable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/enable`)).status).toBeLessThan(300);
    await call('GET', '/v1/list-versions');
    await call('GET', '/v1/list-versions/1');
    await call('GET', '/v1/list-versions/diff?from=0&to=3');
    const other = await call('POST', '/v1/lists', { json: { name: 'To be removed' } });
    expect((await call('DELETE', `/v1/lists/${text(other.body['id'])}`)).status).toBeLessThan(300);
  });

  it('scans: clear, match, unscannable, each with its own status', async () => {
    const clear = await call('POST', '/v1/scan', { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect([clear.status, clear.body['verdict'], clear.body['disposition']]).toEqual([200, 'clear', 'release']);
    const checked = await call('POST', '/v1/receipts/verify', {
      json: { receipt: clear.body['receipt'], sha256: clear.body['sha256'], size: clear.body['sizeBytes'] },
    });
    expect(checked.body).toMatchObject({ valid: true });
    expect((await call('POST', '/v1/receipts/verify', { json: { receipt: clear.body['receipt'], sha256: '0'.repeat(64) } })).body).toMatchObject({
      valid: false,
      reason: 'digest_differs',
    });
    for (const [name, status] of [
      ['rotated.jpg', 422],
      ['README.md', 415],
    ] as const) {
      const answer = await call('POST', '/v1/scan', { body: await readSample(name), headers: OCTETS });
      expect(answer.status).toBe(status);
      expect(answer.body['receipt']).toBeUndefined();
    }
    expect((await call('POST', '/v1/scan', { body: new Uint8Array(0), headers: OCTETS })).body).toMatchObject({ verdict: 'unscannable', reason: 'empty' });
  });

  it('hooks of other software', async () => {
    for (const [path, stopped] of [
      ['/v1/hooks/raw?receipt=1', 422],
      ['/v1/hooks/pictrs', 406],
    ] as const) {
      expect((await call('POST', path, { body: await readSample('unrelated.jpg'), headers: OCTETS })).body).toMatchObject({ released: true });
      expect((await call('POST', path, { body: await readSample('rotated.jpg'), headers: OCTETS })).status).toBe(stopped);
    }
    // Off: no homeserver is set.
    const base = '/_matrix/media_proxy/unstable';
    for (const path of ['public_key', 'scan/matrix.example/media', 'download/matrix.example/media', 'thumbnail/matrix.example/media?width=32&height=32'])
      expect((await call('GET', `${base}/${path}`)).body).toMatchObject({ reason: 'M_NOT_FOUND' });
    for (const path of ['scan_encrypted', 'download_encrypted']) expect((await call('POST', `${base}/${path}`, { json: {} })).status).toBe(404);
  });

  it('tickets, permits and what a sender sends', async () => {
    const made = await call('POST', '/v1/tickets', { json: { subject: 'contract', maxBytes: 1_000_000 } });
    expect(made.status).toBe(201);
    const sender = { authorization: `Bearer ${text(made.body['ticket'])}` };
    expect((await call('GET', '/v1/me', { headers: sender })).body).toMatchObject({ kind: 'ticket', rights: ['uploads:send'] });
    const asked = await call('POST', '/v1/permits', { json: { sha256: '1'.repeat(64), sizeBytes: 1 }, headers: sender });
    expect([asked.status, asked.body['permitted']]).toEqual([200, true]);
    expect((await call('POST', '/v1/permits', { json: { sha256: 'x' }, headers: sender })).status).toBe(400);
    const sent = await call('POST', '/v1/send', { body: await readSample('unrelated.jpg'), headers: { ...OCTETS, ...sender } });
    expect([sent.status, sent.body['state']]).toEqual([200, 'released']);
    const id = text(sent.body['id']);
    expect((await call('GET', `/v1/outcomes/${id}?wait=1`, { headers: sender })).body['receipt']).toBeTypeOf('string');
    expect((await call('GET', `/v1/outcomes/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/v1/uploads/${id}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/tickets/${text(made.body['id'])}`)).status).toBe(204);
    expect((await call('POST', '/v1/send', { body: await readSample('unrelated.jpg'), headers: { ...OCTETS, ...sender } })).status).toBe(401);
  });

  it('S3, with a store that is away', async () => {
    const made = await call('POST', '/v1/s3/uploads', { json: { method: 'PUT', sizeBytes: 3 } });
    expect(made.status).toBe(201);
    expect((await call('GET', `/v1/s3/uploads/${text(made.body['id'])}`)).body).toMatchObject({ state: 'waiting' });
    const message = { Records: [{ eventName: 'ObjectCreated:Post', s3: { bucket: { name: 'quarantine' }, object: { key: 'a' } } }] };
    for (const path of ['/v1/hooks/s3-events', `/v1/hooks/s3-events/${DEAD_STORE.s3EventsSecret}`])
      expect((await call('POST', path, { json: message })).status).toBe(200);
    expect((await call('POST', '/v1/hooks/s3-events/contract-another1', { json: message })).status).toBe(401);
    expect((await call('POST', '/v1/hooks/s3-events', { body: '{' })).status).toBe(400);
    expect((await call('POST', '/v1/s3/reconcile')).status).toBe(503);
    expect((await call('GET', '/v1/s3')).body).toMatchObject({ isOn: true });
    expect((await call('GET', '/v1/s3/check')).body['items']).not.toEqual([]);
  });

  it('resumable uploads', async () => {
    const bytes = await readSample('unrelated.jpg');
    const tus = { 'tus-resumable': '1.0.0' };
    const piece = { ...tus, 'content-type': 'application/offset+octet-stream' };
    expect((await call('OPTIONS', '/v1/tus')).status).toBe(204);
    expect((await call('POST', '/v1/tus', { headers: { 'upload-length': '5' } })).status).toBe(412);
    const made = await call('POST', '/v1/tus', { headers: { ...tus, 'upload-length': String(bytes.length) } });
    const path = made.response.headers.get('location') ?? '';
    expect([made.status, (await call('OPTIONS', path)).status]).toEqual([201, 204]);
    const override = { ...piece, 'x-http-method-override': 'PATCH', 'upload-offset': '0' };
    expect((await call('POST', path, { body: bytes.subarray(0, 100), headers: override })).status).toBe(204);
    expect((await call('HEAD', path, { headers: tus })).response.headers.get('upload-offset')).toBe('100');
    const last = await call('PATCH', path, { body: bytes.subarray(100), headers: { ...piece, 'upload-offset': '100' } });
    expect([last.status, last.response.headers.get('gatehouse-state')]).toEqual([204, 'released']);
    expect((await call('GET', `${path}/outcome?wait=1`)).body).toMatchObject({ state: 'released' });
    expect((await call('DELETE', path, { headers: tus })).status).toBe(204);
    expect((await call('DELETE', path, { headers: tus })).status).toBe(410);
    expect((await call('DELETE', `/v1/uploads/${last.response.headers.get('gatehouse-upload')}`)).status).toBe(204);
  });

  it('look-ups', async () => {
    const signals = [
      { type: 'md5', value: '0123456789abcdef0123456789abcdef' },
      { type: 'pdq', value: 'f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22', quality: 10 },
      { type: 'sha1', value: '0'.repeat(40) },
    ];
    const found = await call('POST', '/v1/match', { json: { signals, radius: 20 } });
    expect(found.status).toBe(200);
    expect(found.body).toMatchObject({ complete: true, results: [{ outcome: 'match' }, { outcome: 'quality_too_low' }, { outcome: 'no_match' }] });
    expect((await call('POST', '/v1/match', { json: { signals: [] } })).status).toBe(400);
  });

  it('the API of Hasher-Matcher-Actioner', callHma);

  it('uploads from the announcement to the end', async () => {
    const made = await call('POST', '/v1/uploads', { json: { reference: 'contract' }, headers: { 'idempotency-key': 'contract-1' } });
    expect(made.status).toBe(201);
    const again = await call('POST', '/v1/uploads', { json: { reference: 'contract' }, headers: { 'idempotency-key': 'contract-1' } });
    expect(again.body['id']).toBe(made.body['id']);
    const id = text(made.body['id']);
    const sent = await call('PUT', `/v1/uploads/${id}/content`, { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect([sent.status, sent.body['state']]).toEqual([200, 'released']);
    expect((await call('GET', `/v1/uploads/${id}?wait=1`)).body['receipt']).toBeTypeOf('string');
    expect((await call('GET', `/v1/uploads/${id}/content`)).status).toBe(200);
    const held = await call('POST', '/v1/uploads', { json: {} });
    const heldId = text(held.body['id']);
    expect((await call('PUT', `/v1/uploads/${heldId}/content`, { body: await readSample('original.jpg'), headers: OCTETS })).body['state']).toBe('held');
    expect((await call('GET', `/v1/uploads/${heldId}/content`)).status).toBeGreaterThanOrEqual(400);
    const original = await readFile(join(SAMPLES, 'original.jpg'));
    for (const query of ['', '?clear=1']) {
      const drawn = await call('POST', `/v1/uploads/${heldId}/view${query}`);
      expect([drawn.status, drawn.response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      const bytes = Buffer.from(await drawn.response.arrayBuffer());
      expect([bytes.subarray(0, 3).toString('hex'), bytes.includes(original.subarray(-64))]).toEqual(['ffd8ff', false]);
    }
    const { screening } = (await call('GET', `/v1/uploads/${heldId}`)).body as { screening: { hits: { reference?: string }[] } };
    expect(screening.hits.map(({ reference }) => reference)).toContain('demo-original');
    const { looks } = (await call('GET', `/v1/uploads/${heldId}/looks`)).body as { looks: { isBlurred: boolean }[] };
    expect(looks.length).toBeGreaterThan(0);
    expect(looks.at(-1)?.isBlurred).toBe(true);
    expect((await call('POST', `/v1/uploads/${heldId}/rescreen`)).status).toBeLessThan(300);
    const { items } = (await call('GET', '/v1/uploads?state=held')).body as { items: { id: string; surface?: string }[] };
    // Those that hooks and look-ups kept came over a surface.
    expect(items.filter(({ surface }) => surface === undefined).map(({ id: one }) => one)).toEqual([heldId]);
    expect((await call('GET', '/v1/surfaces')).body['items']).toContainEqual(expect.objectContaining({ name: 'hma', isOn: true }));
    expect((await call('DELETE', `/v1/uploads/${id}`)).status).toBe(204);
    expect((await call('POST', '/v1/receipts/verify', { json: { receipt: sent.body['receipt'] } })).body).toMatchObject({ valid: false, reason: 'revoked' });
    expect((await call('GET', '/v1/uploads/upl_00000000000000000000000000')).status).toBe(404);
  });

  it('the log', async () => {
    expect((await call('POST', '/v1/log/checkpoints')).status).toBe(200);
    const status = await call('GET', '/v1/log');
    expect(status.body).toMatchObject({ pending: 0, isConsistent: true });
    expect((await call('GET', '/v1/log/entries')).body['entries']).not.toEqual([]);
    expect((await call('GET', '/v1/log/entries/0')).body).toMatchObject({ index: 0, entry: { v: 1 } });
    expect((await call('GET', '/v1/log/entries/0/proof')).body['proof']).toContain('c2sp.org/tlog-proof@v1');
    expect((await call('GET', '/log/checkpoint')).response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const { size } = status.body as { size: number };
    expect((await call('GET', `/log/tile/0/000.p/${size}`)).status).toBe(200);
    for (const path of ['0/000', '0/x000/000', '0/x000/x000/000', '0/x000/x000/x000/000', '0/x000/x000/x000/x000/000'])
      expect((await call('GET', `/log/tile/${path}`)).status).toBe(404);
    expect((await call('POST', '/v1/log/exports', { json: { folder: '/nowhere' } })).status).toBe(403);
    expect((await call('GET', '/v1/log/completeness')).body).toEqual({ last: null });
    expect((await call('POST', '/v1/log/completeness')).body).toMatchObject({ isComplete: true });
    expect((await call('GET', '/v1/log/completeness')).body['last']).toMatchObject({ isComplete: true });
    expect((await call('GET', '/v1/log/self-check')).body).toEqual({ last: null });
    expect((await call('POST', '/v1/log/self-check')).body['result']).toMatchObject({ isOk: true });
    expect((await call('GET', '/v1/log/self-check')).body['last']).toMatchObject({ isOk: true });
    expect((await call('GET', '/v1/log/find?kind=config.changed&id=all')).body).toMatchObject({ index: expect.any(Number) });
    expect((await call('GET', '/v1/log/find?kind=config.changed&id=none')).status).toBe(404);
  });

  it('the log: witnesses and time stamps', async () => {
    const other = await createSignerKey('other.example/log', new Uint8Array(32).fill(1));
    const name = encodeURIComponent(other.name);
    expect((await call('POST', '/v1/log/witness/logs', { json: { verifierKey: formatVerifierKey(other) } })).status).toBe(201);
    expect((await call('POST', '/v1/log/witness/logs', { json: { verifierKey: formatVerifierKey(other) } })).status).toBe(409);
    expect((await call('GET', '/v1/log/witness')).body['logs']).toHaveLength(1);
    const add = async (oldSize: number, size: number, key = other): Promise<{ status: number; response: Response }> => {
      const checkpoint = await signCheckpoint({ origin: other.name, size, root: hashLeaf(new Uint8Array(size)) }, [key]);
      return call('POST', '/log/witness/add-checkpoint', { body: `old ${oldSize}\n\n${checkpoint}`, headers: { 'content-type': 'text/plain' } });
    };
    const cosigned = await add(0, 1);
    expect([cosigned.status, cosigned.response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect((await add(0, 2)).status).toBe(409);
    expect((await add(1, 2)).status).toBe(422);
    expect((await add(3, 2)).status).toBe(400);
    expect((await add(0, 1, await createSignerKey(other.name, new Uint8Array(32).fill(2)))).status).toBe(403);
    expect((await call('DELETE', `/v1/log/witness/logs?name=${name}`)).status).toBe(204);
    expect((await add(1, 2)).status).toBe(404);
    const witness = await createSignerKey('witness.example/w', new Uint8Array(32).fill(3), 'cosignature');
    const json = { verifierKey: formatVerifierKey(witness), url: `http://${DEAD_HOST}/w` };
    expect((await call('POST', '/v1/log/cosigners', { json: { ...json, url: 'http://10.0.0.1/w' } })).status).toBe(422);
    expect((await call('POST', '/v1/log/cosigners', { json })).status).toBe(201);
    expect((await call('POST', '/v1/log/cosigners/ask')).body['cosigners']).toMatchObject([{ name: witness.name, failure: 'no_connection' }]);
    expect((await call('GET', '/v1/log/cosigners')).body['cosigners']).toHaveLength(1);
    expect((await call('DELETE', `/v1/log/cosigners?name=${encodeURIComponent(witness.name)}`)).status).toBe(204);
    expect((await call('GET', '/v1/log/stamps')).body).toMatchObject({ isConfigured: false, last: null });
    expect((await call('POST', '/v1/log/stamps')).status).toBe(409);
  });

  it('callbacks', async () => {
    expect((await call('GET', '/v1/callbacks?state=dead')).body['items']).toEqual([]);
    await call('POST', '/v1/callbacks/msg_00000000000000000000000000/resend');
    await call('GET', '/v1/callbacks/secret');
  });

  it('age checks: services, sessions, results', async () => {
    const service = { id: 'contract', name: 'Contract', returnOrigins: ['https://contract.example'] };
    expect((await call('POST', '/v1/age/services', { json: service })).status).toBe(200);
    expect((await call('GET', '/v1/age/services')).body['services']).toHaveLength(1);
    const question = { threshold: 18, service: 'contract', returnUrl: 'https://contract.example/back' };
    expect((await call('POST', '/v1/age/sessions', { json: { ...question, returnUrl: 'https://evil.example/' } })).status).toBe(400);
    const opened = await call('POST', '/v1/age/sessions', { json: question });
    expect(opened.status).toBe(201);
    const id = text(opened.body['id']);
    const headers = { 'gatehouse-client-token': text(opened.body['clientToken']) };
    const page = await fetch(`${app.url}/age/${id}`);
    const browser = {
      cookie: page.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
    };
    expect((await call('GET', `/v1/age/sessions/${id}`, { headers })).body['state']).toBe('open');
    const events = await call('GET', `/v1/age/sessions/${id}/events`, { headers });
    expect(events.response.headers.get('content-type')).toBe('text/event-stream');
    await events.response.body?.cancel();
    await callAgeWallets(id, browser);
    await callAgeSignals(id, headers);
    await fetch(`${app.url}/age/${id}/under`, { method: 'POST', body: new URLSearchParams(), headers: browser });
    const { result } = (await call('GET', `/v1/age/sessions/${id}`, { headers })).body;
    expect((await call('POST', '/v1/age/results/verify', { json: { result, service: 'contract' } })).body).toMatchObject({
      valid: true,
      claims: { over: 18, result: 'false' },
    });
    expect((await call('POST', '/v1/age/results/verify', { json: { result, service: 'contract' } })).body).toEqual({ valid: false, reason: 'used' });
    expect((await call('GET', '/.well-known/gatehouse-age.json')).body['keys']).toHaveLength(1);
    await callAgeTokens(id);
    await callAgeTrust();
    await callAgeStatus();
    await callAgeGate();
    await callAgeEvidence();
    expect((await call('POST', '/age/provider/unknown/webhook', { json: {} })).status).toBe(404);
    expect((await call('DELETE', `/v1/age/sessions/${id}`, { headers })).status).toBe(204);
    expect((await call('DELETE', '/v1/age/services/contract')).status).toBe(204);
  });

  it('countries: statements, procedures, tables, assessments', callCountries);

  it('figures about reports and hosting countries', callFigures);

  it('the catalogue of measures', callCodeCatalogue);

  it('answers about the service, and what follows', callCodeFacts);

  it('signed records and drafts of risk assessments', callCodeRecords);

  it('what is handed out of the register', callCodeExports);

  it('the register of recommendations', callRegister);

  it('checks of the register, and what everybody may read of it', callRegisterPublic);

  it('where something is hosted, and the datasets', callHosting);

  it('reports about hosted material, their notices and replies', callNotices);

  it('evaluations, measures, targets and probes', callCodeEvidence, 60_000);

  it('gaps and the public statement', callCodeGaps);

  it('has been called at least once', () => {
    const called = new Set([...contract.seen].map((name) => name.split(' ').slice(0, 2).join(' ')));
    const missing = Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((operation) => !called.has(operation));
    expect(missing).toEqual([]);
  });
});
