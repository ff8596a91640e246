/** Two whole installations as witnesses of each other, over HTTP; and what each of them sees when the other has two histories, or a shorter one. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint, parseVerifierKey } from '@gatehouse/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

const LOOPBACK = { outboundAllow: '127.0.0.1' };
const EMPTY_ROOT = String.raw`'\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'`;

interface Cosigner {
  readonly name: string;
  readonly size: number | null;
  readonly failure: string | null;
  readonly failingSince: string | null;
}
interface Witness {
  readonly name: string;
  readonly verifierKey: string;
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly refused: { readonly why: string } | null }[];
}
interface Status {
  readonly origin: string;
  readonly verifierKey: string;
  readonly size: number;
  readonly isConsistent: boolean;
  readonly outside: { readonly anchoredUpTo: number };
}

let [first, second]: (TestApp | undefined)[] = [];
const get = async <T>(app: TestApp, path: string): Promise<T> => (await (await app.call(path)).json()) as T;
const post = (app: TestApp, path: string, body: object = {}): Promise<Response> =>
  app.call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const statusOf = (app: TestApp): Promise<Status> => get(app, '/v1/log');
const witnessOf = (app: TestApp): Promise<Witness> => get(app, '/v1/log/witness');
const happen = async (app: TestApp, n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await app.app.context.events.emit('access.changed', { change: 'key.created', subject: `key_${i}`, actor: 'local' });
};
async function ask(app: TestApp): Promise<Cosigner> {
  const { cosigners } = (await (await post(app, '/v1/log/cosigners/ask')).json()) as { cosigners: Cosigner[] };
  const [only] = cosigners;
  if (only === undefined) throw new Error('there is one');
  return only;
}
/** @param log is witnessed by `witness`, and asks it */
async function join2(log: TestApp, witness: TestApp): Promise<void> {
  expect((await post(witness, '/v1/log/witness/logs', { verifierKey: (await statusOf(log)).verifierKey })).status).toBe(201);
  const url = `${witness.url}/log/witness`;
  expect((await post(log, '/v1/log/cosigners', { url, verifierKey: (await witnessOf(witness)).verifierKey })).status).toBe(201);
}

beforeAll(async () => {
  [first, second] = await Promise.all([startTestApp({ config: LOOPBACK }), startTestApp({ config: LOOPBACK })]);
});
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
});
const apps = (): [TestApp, TestApp] => {
  if (first === undefined || second === undefined) throw new Error('they run');
  return [first, second];
};

describe('two installations', () => {
  it('know no log until one is added', async () => {
    const [, witness] = apps();
    const reply = await fetch(`${witness.url}/log/witness/add-checkpoint`, {
      method: 'POST',
      body: `old 0\n\n${await (await apps()[0].call('/log/checkpoint')).text()}`,
    });
    expect([400, 404]).toContain(reply.status);
  });

  it('cosign for each other', async () => {
    const [a, b] = apps();
    await join2(a, b);
    await join2(b, a);
    await happen(a, 300);
    for (const [log, witness] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(await ask(log)).toMatchObject({ failure: null });
      await happen(log, 3);
      const cosigned = await ask(log);
      const status = await statusOf(log);
      const remembered = (await witnessOf(witness)).logs.find(({ origin }) => origin === status.origin);
      expect(cosigned.size).toBe(remembered?.size);
      expect(status.outside.anchoredUpTo).toBe(remembered?.size);
      // The published note bears both names.
      const [own, other] = [parseVerifierKey(status.verifierKey), parseVerifierKey((await witnessOf(witness)).verifierKey)];
      const note = await (await fetch(`${log.url}/log/checkpoint`)).text();
      expect((await openCheckpoint(note, own.name, [own, other])).signed).toHaveLength(2);
    }
  });

  it('speak as C2SP tlog-witness says', async () => {
    const [a, b] = apps();
    const { size } = (await witnessOf(b)).logs[0] ?? { size: 0 };
    const note = await (await fetch(`${a.url}/log/checkpoint`)).text();
    const send = (body: BodyInit): Promise<Response> => fetch(`${b.url}/log/witness/add-checkpoint`, { method: 'POST', body });
    const conflict = await send(`old 0\n\n${note}`);
    expect([conflict.status, conflict.headers.get('content-type'), await conflict.text()]).toEqual([409, 'text/x.tlog.size', `${size}\n`]);
    const again = await send(`old ${size}\n\n${note}`);
    expect([again.status, again.headers.get('content-type'), (await again.text()).startsWith(`— ${(await witnessOf(b)).name} `)]).toEqual([
      200,
      'text/plain; charset=utf-8',
      true,
    ]);
    expect((await send(`old ${size + 1}\n\n${note}`)).status).toBe(400);
    expect((await send('hello')).status).toBe(400);
    expect((await send(Buffer.from([0xff, 0xfe]))).status).toBe(400);
    expect((await send(`old 0\n\n${note.replace(/^[^\n]+/, 'nobody.example/log')}`)).status).toBe(404);
    expect((await send(`old 0\n\n${note.replace(/\n\d+\n/, '\n9999\n')}`)).status).toBe(403);
    expect((await send(`old 0\n\n${'x'.repeat(70_000)}`)).status).toBe(413);
    expect((await fetch(`${b.url}/log/witness/add-checkpoint`)).status).toBe(405);
  });

  it('see a second history under the same key, at once and for good', async () => {
    const [a, b] = apps();
    const { origin, size } = await statusOf(a);
    const forger = await startTestApp({ config: { ...LOOPBACK, logKeyFile: join(a.dataDir, 'keys/log.pem'), logOrigin: origin } });
    try {
      await post(forger, '/v1/log/cosigners', { url: `${b.url}/log/witness`, verifierKey: (await witnessOf(b)).verifierKey });
      // Shorter than what the witness has seen.
      expect(await ask(forger)).toMatchObject({ failure: 'rolled_back', size: null });
      // As long: two roots for one size, both signed.
      await forger.app.services.log.drain();
      const { cosigned } = { cosigned: (await witnessOf(b)).logs.find((log) => log.origin === origin)?.size ?? size };
      await happen(forger, cosigned - (await statusOf(forger)).size);
      expect(await ask(forger)).toMatchObject({ failure: 'forked' });
      expect((await witnessOf(b)).logs.find((log) => log.origin === origin)?.refused).toMatchObject({ why: 'fork' });
      // Longer.
      await happen(forger, 5);
      expect(await ask(forger)).toMatchObject({ failure: 'forked' });
      expect((await statusOf(forger)).outside.anchoredUpTo).toBe(0);
      expect(await checkOf(forger)).toMatchObject({ status: 'fail' });
    } finally {
      await forger.stop();
    }
    // The first history goes on.
    await happen(a, 2);
    expect(await ask(a)).toMatchObject({ failure: null });
  });

  it('see a database that was rolled back, even when everything here agrees with it', async () => {
    const [a, b] = apps();
    await happen(b, 20);
    expect(await ask(b)).toMatchObject({ failure: null });
    // What it saw of the other log before.
    expect(await checkOf(b)).toMatchObject({ status: 'attention', finding: expect.stringContaining('has two histories') as string });
    expect(await checkOf(a)).toMatchObject({ status: 'ok' });
    const { size } = await statusOf(b);
    // As whoever has database and disk would do it: nothing that this installation remembers contradicts.
    await b.app.context.database.pool.query(
      `begin; truncate log.entry, log.tile, log.checkpoint, log.cosignature, log.pending; update log.tree set size = 0, root = ${EMPTY_ROOT}; commit`,
    );
    await rm(join(b.dataDir, 'log/checkpoint'), { force: true });
    await happen(b, 3);
    expect(await statusOf(b)).toMatchObject({ isConsistent: true });
    expect(await ask(b)).toMatchObject({ failure: 'rolled_back', failingSince: expect.any(String) as string });
    const check = await checkOf(b);
    expect(check).toMatchObject({ status: 'fail', finding: expect.stringContaining((await witnessOf(a)).name) as string });
    // It grows past what was cosigned: the history is another one all the same.
    await happen(b, size);
    expect(await ask(b)).toMatchObject({ failure: 'forked' });
  });
});

async function checkOf(app: TestApp): Promise<{ readonly status: string; readonly finding: string }> {
  const { checks } = await get<{ checks: { name: string; status: string; finding: string }[] }>(app, '/v1/health');
  const found = checks.find(({ name }) => name === 'log.outside');
  if (found === undefined) throw new Error('there is such a check');
  return found;
}
