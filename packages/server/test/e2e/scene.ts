/** An application with something on every page: a list, uploads in several states, a key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestAuthority } from '@gatehouse/credential/simulator';
import { createSignerKey, formatVerifierKey, hashLeaf, signCheckpoint } from '@gatehouse/tlog';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { fillEvidence } from '../support/age-evidence.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { fillCode } from '../support/code-scene.ts';
import { fillRegister } from '../support/register-scene.ts';
import { fillFigures } from '../support/figures.ts';

export const SAMPLES_DIR = join(import.meta.dirname, '..', '..', 'src', 'console', 'data');
/** Markup that would run or show if any page forgot to escape. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;

/** One that is on the demonstration list, one that is not, one of a picture that is too plain. */
export const LOOKED_UP = ['md5:857b3046d1fe972b4909c36b3bcd2ee4', '0'.repeat(40), `pdq:${'f0'.repeat(32)}:10`] as const;

const IdSchema = z.object({ id: z.string() });
const StateSchema = z.object({ state: z.string() });
const ListsSchema = z.object({ lists: z.array(z.object({ id: z.string(), name: z.string() })) });

export function samplePath(name: string): string {
  return join(SAMPLES_DIR, `${name}.jpg`);
}

export interface Scene {
  readonly app: TestApp;
  readonly listId: string;
  /** Ids of uploads, by what became of them. */
  readonly held: string;
  readonly released: string;
  readonly unscannable: string;
  readonly created: string;
  /** Issuers of age checks: one that is believed, one that is muted. */
  readonly issuers: readonly [trusted: string, muted: string];
  readonly statusListId: string;
  readonly registerChangeId: string;
  readonly evaluationId: string;
  /** A report about hosted material with a sheet to hand over, and a reply that nobody could match. */
  readonly reportId: string;
  readonly replyId: string;
}

/** Nobody listens there. */
const DEAD_HOST = '127.0.0.1:9';

export async function setScene(): Promise<Scene> {
  const app = await startTestApp({ config: { outboundAllow: [DEAD_HOST], codeStatement: true, internationalPublic: true } });
  await loadDemonstration(app);
  await fillEvidence(app);
  await fillFigures(app.app.context.database.sql, systemClock.now());
  await app.app.services.international.figures.findDisplacements('system');
  await setWitnesses(app);
  const lists = ListsSchema.parse(await (await app.call('/v1/lists')).json());
  const listId = lists.lists[0]?.id ?? '';
  const { reportId, replyId } = await fillNotices(app);
  return {
    app,
    listId,
    reportId,
    replyId,
    held: await sendUpload(app, readFileSync(samplePath('original')), { reference: HOSTILE, state: 'held' }),
    released: await sendUpload(app, readFileSync(samplePath('unrelated')), { reference: 'holiday-1', state: 'released' }),
    unscannable: await sendUpload(app, Buffer.from('not a picture'), { reference: 'notes', state: 'held' }),
    created: await createUpload(app, 'still-to-come'),
    ...(await setTrust(app)),
    evaluationId: await fillCode(app),
    registerChangeId: await fillRegister(app, HOSTILE),
  };
}

/** Witnesses of the log that cannot be reached, one of which contradicted it; a witnessed log with two histories. */
async function setWitnesses(app: TestApp): Promise<void> {
  const { outside } = app.app.services.log;
  for (const [i, name] of ['witness.a-rather-long-name.example/log/witness', 'second.example/w', 'third.example/w'].entries()) {
    const key = await createSignerKey(name, new Uint8Array(32).fill(i + 1), 'cosignature');
    await outside.cosigners.add({ url: `http://${DEAD_HOST}/${i}`, verifierKey: formatVerifierKey(key) }, 'local');
  }
  await outside.cosigners.askAll(new AbortController().signal);
  const { pool } = app.app.context.database;
  await pool.query(`update log.cosigner set cosigned_size = 3, cosigned_at = now(), failure = null, failing_since = null where name = 'second.example/w'`);
  await pool.query(`update log.cosigner set cosigned_size = 99, cosigned_at = now(), failure = 'rolled_back' where name = 'third.example/w'`);
  await pool.query(`update log.cosigner set next_ask_at = now() + interval '1 day'`);
  await pool.query(`insert into log.cosignature (size, verifier_key, at, line) values (3, 'key', now(), 'line')`);
  const other = await createSignerKey('other.example/log', new Uint8Array(32).fill(9));
  await outside.witness.add({ verifierKey: formatVerifierKey(other) }, 'local');
  for (const [oldSize, leaf] of [
    [0, 1],
    [1, 2],
  ] as const) {
    const checkpoint = await signCheckpoint({ origin: other.name, size: 1, root: hashLeaf(Uint8Array.of(leaf)) }, [other]);
    await outside.witness.addCheckpoint(`old ${oldSize}\n\n${checkpoint}`);
  }
}

/** A trust list with two issuers, and a status list that cannot be fetched. */
async function setTrust(app: TestApp): Promise<Pick<Scene, 'issuers' | 'statusListId'>> {
  const authorities = ['First', 'Second'].map((name) => createTestAuthority({ now: systemClock.now(), name }));
  const pem = authorities.map(({ root }) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(root.certificate).toString('base64')}\n-----END CERTIFICATE-----\n`);
  const send = (path: string, body: object): Promise<Response> =>
    app.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await send('/v1/age/trust/lists', { name: 'scene', content: Buffer.from(pem.join('')).toString('base64'), documentTypes: ['eu.europa.ec.av.1'] });
  const [trusted = '', muted = ''] = authorities.map(({ anchor }) => anchor.id);
  await send(`/v1/age/trust/anchors/${muted}/mute`, { reason: HOSTILE });
  const added = await send('/v1/age/status-lists', { uri: `http://${DEAD_HOST}/statuslists/a-rather-long-name-of-a-status-list-of-an-issuer/1` });
  return { issuers: [trusted, muted], statusListId: IdSchema.parse(await added.json()).id };
}

export async function loadDemonstration(app: TestApp): Promise<void> {
  const response = await app.call('/try/demonstration', { method: 'POST', body: new URLSearchParams(), redirect: 'manual' });
  if (response.status !== 303) throw new Error(`the demonstration list was not loaded: ${response.status} ${await response.text()}`);
}

export async function createUpload(app: TestApp, reference: string): Promise<string> {
  const response = await app.call('/v1/uploads', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reference }) });
  return IdSchema.parse(await response.json()).id;
}

export async function putContent(app: TestApp, id: string, bytes: Uint8Array): Promise<Response> {
  return app.call(`/v1/uploads/${id}/content`, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: new Uint8Array(bytes) });
}

async function sendUpload(app: TestApp, bytes: Uint8Array, expected: { readonly reference: string; readonly state: string }): Promise<string> {
  const id = await createUpload(app, expected.reference);
  await putContent(app, id, bytes);
  const { state } = StateSchema.parse(await (await app.call(`/v1/uploads/${id}?wait=30`)).json());
  if (state !== expected.state) throw new Error(`upload ${expected.reference} is ${state}, not ${expected.state}`);
  return id;
}

/** The country is unknown: no dataset is there. */
async function fillNotices(app: TestApp): Promise<{ readonly reportId: string; readonly replyId: string }> {
  const { notices } = app.app.services.international;
  const input = { classification: 'baseline', basis: HOSTILE, detection: 'manual_review', reference: HOSTILE } as const;
  const { id } = await notices.report({ ...input, url: 'http://1.1.1.1/scene' }, HOSTILE);
  await notices.report({ ...input, url: `http://1.1.1.1/${'long-'.repeat(60)}` }, 'scene');
  await notices.draft(id, 'scene');
  await notices.receive({ raw: Buffer.from(`Message-ID: <scene@example.org>\r\nFrom: a@example.org\r\nSubject: x\r\n\r\n${HOSTILE}\r\n`) });
  return { reportId: id, replyId: (await notices.strayReplies())[0]?.id ?? '' };
}
