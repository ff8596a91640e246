/** Being a witness: what C2SP tlog-witness 1.0.0 asks for, and that nobody gets two histories signed, whatever they send and however often at once. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createFrontier,
  createSignerKey,
  formatAddCheckpoint,
  formatVerifierKey,
  hashLeaf,
  openCheckpoint,
  parseVerifierKey,
  proveConsistency,
  signCheckpoint,
  addCosignatures,
} from '@gatehouse/tlog';
import type { HashReader, SignerKey } from '@gatehouse/tlog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { migrations } from './migrations.ts';
import { createLogService, type LogService } from './service.ts';
import type { WitnessAnswer } from './witness-schema.ts';

const ORIGIN = 'other.example/log';

let database: TestDatabase;
let clock: FakeClock;
let test: TestContext;
let service: LogService;
let logKey: SignerKey;

beforeEach(async () => {
  clock = createFakeClock();
  database = await createTestDatabase([{ domain: 'log', migrations }]);
  test = await createTestContext({ database: database.database, clock });
  service = await createLogService(test.context);
  logKey = await createSignerKey(ORIGIN, new Uint8Array(32).fill(9));
});
afterEach(async () => {
  await test.dispose();
  await service.stop();
  await database.drop();
});

/** A log that is nothing but its leaves. `branch`: from which entry on it is another one. */
class OtherLog {
  readonly #leaf: (index: number) => Uint8Array;

  constructor(branch = Number.POSITIVE_INFINITY) {
    this.#leaf = (index) => hashLeaf(Buffer.from(`${index < branch ? 'a' : 'b'} ${index}`));
  }

  root(from: number, to: number): Uint8Array {
    const frontier = createFrontier();
    for (let i = from; i < to; i++) frontier.append(this.#leaf(i));
    return frontier.root();
  }

  checkpoint(size: number, key = logKey): Promise<string> {
    return signCheckpoint({ origin: ORIGIN, size, root: this.root(0, size) }, [key]);
  }

  async request(oldSize: number, size: number, key = logKey): Promise<string> {
    const reader: HashReader = { size, read: async (from, to) => this.root(from, to) };
    return formatAddCheckpoint({ oldSize, proof: oldSize > size ? [] : await proveConsistency(oldSize, reader), checkpoint: await this.checkpoint(size, key) });
  }
}

const honest = new OtherLog();
const witness = () => service.outside.witness;
const add = () => witness().add({ verifierKey: formatVerifierKey(logKey) }, 'per_1');
const send = async (log: OtherLog, oldSize: number, size: number): Promise<WitnessAnswer> => witness().addCheckpoint(await log.request(oldSize, size));
const remembered = async () => (await witness().describe()).logs[0];

describe('a witness', () => {
  it('cosigns what continues, with its own key and the time', async () => {
    await add();
    for (const [oldSize, size] of [
      [0, 3],
      [3, 300],
      [300, 300],
      [300, 301],
    ] as const) {
      const request = await honest.request(oldSize, size);
      const answer = await witness().addCheckpoint(request);
      if (answer.kind !== 'cosigned') throw new Error(JSON.stringify(answer));
      const { verifierKey } = await witness().describe();
      const own = parseVerifierKey(verifierKey ?? '');
      const { checkpoint } = await addCosignatures(await honest.checkpoint(size), answer.lines, [own]);
      const { signed } = await openCheckpoint(checkpoint, ORIGIN, [logKey, own]);
      expect(signed.find(({ key }) => key.use === 'cosignature')?.timeS).toBe(clock.now().getTime() / 1000);
      expect(await remembered()).toMatchObject({ size, cosignedAt: clock.now().toISOString(), refused: null });
    }
    expect((await witness().describe()).name).toBe('127.0.0.1:8080/log/witness');
  });

  it('knows nobody until a log was added, and nobody else afterwards', async () => {
    expect(await send(honest, 0, 3)).toMatchObject({ kind: 'refused', status: 404 });
    expect(await witness().describe()).toMatchObject({ verifierKey: null, logs: [] });
    await add();
    const forger = await createSignerKey(ORIGIN, new Uint8Array(32).fill(1));
    expect(await witness().addCheckpoint(await honest.request(0, 3, forger))).toMatchObject({ status: 403 });
    expect(await remembered()).toMatchObject({ size: 0, refused: null });
  });

  it.each([
    ['', 400],
    ['old 0\n\n', 400],
    ['old 01\n\nx\n1\nAAAA\n', 400],
    ['old 0\nnot base64\n\nx\n', 400],
    ['{}', 400],
  ])('answers %j with %i', async (body, status) => {
    await add();
    expect(await witness().addCheckpoint(body)).toMatchObject({ kind: 'refused', status });
  });

  it('answers 400 when the old size is larger, 409 with its own size, 422 for a proof that does not hold', async () => {
    await add();
    expect(await send(honest, 5, 3)).toMatchObject({ status: 400 });
    expect((await send(honest, 0, 10)).kind).toBe('cosigned');
    expect(await send(honest, 0, 20)).toEqual({ kind: 'conflict', size: 10 });
    expect(await send(honest, 3, 20)).toEqual({ kind: 'conflict', size: 10 });
    expect(await send(honest, 0, 4)).toEqual({ kind: 'conflict', size: 10 });
    expect(await send(new OtherLog(7), 10, 20)).toMatchObject({ status: 422 });
    expect(await remembered()).toMatchObject({ size: 10, refused: { why: 'proof' } });
    // The first hash of the proof is left out.
    const short = (await honest.request(10, 20)).replace(/^(old 10\n)[^\n]+\n/, '$1');
    expect(await witness().addCheckpoint(short)).toMatchObject({ status: 422 });
    expect((await send(honest, 10, 20)).kind).toBe('cosigned');
  });

  it('keeps the proof when a log signs two roots for one size, and never less in its place', async () => {
    await add();
    await send(honest, 0, 10);
    expect(await send(new OtherLog(7), 10, 10)).toEqual({ kind: 'conflict', size: 10 });
    const fork = await remembered();
    expect(fork?.refused).toMatchObject({ why: 'fork', note: await new OtherLog(7).checkpoint(10) });
    expect(await send(new OtherLog(7), 10, 20)).toMatchObject({ status: 422 });
    expect((await remembered())?.refused).toEqual(fork?.refused);
  });

  it('signs one history, with many requests at once on two nodes', async () => {
    await add();
    await send(honest, 0, 4);
    const second = await createLogService(test.context);
    const logs = [honest, ...Array.from({ length: 7 }, (_none, i) => new OtherLog(4 + (i % 4)))];
    const requests = await Promise.all(logs.flatMap((log) => [8, 9, 12].map(async (size) => ({ log, size, body: await log.request(4, size) }))));
    const answers = await Promise.all(
      requests.map(async ({ body, ...what }, i) => ({ ...what, answer: await (i % 2 === 0 ? service : second).outside.witness.addCheckpoint(body) })),
    );
    const cosigned = answers.filter(({ answer }) => answer.kind === 'cosigned');
    // The row is locked from the comparison to the note: whoever came second was told what is there now.
    expect(cosigned).toHaveLength(1);
    expect((await remembered())?.size).toBe(cosigned[0]?.size);
    for (const { answer } of answers) if (answer.kind !== 'cosigned') expect(answer).toEqual({ kind: 'conflict', size: cosigned[0]?.size });
  });

  it('remembers before it signs: a key that fails loses nothing', async () => {
    await add();
    await writeFile(join(test.dataDir, 'keys/log-witness.pem'), 'broken');
    const again = await createLogService(test.context);
    await expect(again.outside.witness.addCheckpoint(await honest.request(0, 3))).rejects.toMatchObject({ code: 'config_invalid' });
    const { rows } = await database.database.pool.query('select size from log.witnessed_log');
    expect(rows).toEqual([{ size: 3 }]);
  });

  it('forgets nothing when a log is removed and added again', async () => {
    await add();
    await send(honest, 0, 10);
    await witness().remove(ORIGIN, 'per_1');
    expect(await send(honest, 10, 20)).toMatchObject({ status: 404 });
    await expect(witness().remove(ORIGIN, 'per_1')).rejects.toMatchObject({ code: 'not_found' });
    expect(await add()).toMatchObject({ size: 10 });
    expect(await send(new OtherLog(3), 0, 10)).toEqual({ kind: 'conflict', size: 10 });
    await expect(add()).rejects.toMatchObject({ code: 'conflict' });
  });

  it('takes so many checkpoints of a log a minute, and counts only what the log signed', async () => {
    await add();
    const forger = await createSignerKey(ORIGIN, new Uint8Array(32).fill(1));
    const forged = await honest.request(0, 3, forger);
    for (let i = 0; i < 70; i++) expect(await witness().addCheckpoint(forged)).toMatchObject({ status: 403 });
    const body = await honest.request(3, 3);
    await send(honest, 0, 3);
    for (let i = 1; i < 60; i++) await witness().addCheckpoint(body);
    await expect(witness().addCheckpoint(body)).rejects.toMatchObject({ code: 'rate_limited' });
    clock.advance(60_000);
    expect((await witness().addCheckpoint(body)).kind).toBe('cosigned');
  });

  it('is not its own witness, and takes no key that is none', async () => {
    await expect(witness().add({ verifierKey: (await service.status()).verifierKey }, 'per_1')).rejects.toMatchObject({ code: 'conflict' });
    await expect(witness().add({ verifierKey: 'nonsense' }, 'per_1')).rejects.toMatchObject({ code: 'invalid_request' });
    const cosigner = await createSignerKey('w.example/w', new Uint8Array(32).fill(2), 'cosignature');
    await expect(witness().add({ verifierKey: formatVerifierKey(cosigner) }, 'per_1')).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await witness().describe()).logs).toEqual([]);
  });

  it('writes down for whom it is one', async () => {
    await add();
    await witness().remove(ORIGIN, 'per_1');
    await service.drain();
    const entries = (await service.entries({ before: 99, limit: 10 })).filter(({ entry }) => entry.kind === 'log.witness_changed');
    expect(entries.map(({ record }) => record?.body)).toEqual([
      { change: 'witnessed.removed', subject: ORIGIN, actor: 'per_1' },
      { change: 'witnessed.added', subject: ORIGIN, actor: 'per_1' },
    ]);
  });
});
