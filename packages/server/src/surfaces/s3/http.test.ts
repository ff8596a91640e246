/** The room in the whole application: its routes as the OpenAPI document says, events, the worker, the command line's addresses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { createContractChecker, type ContractChecker, type OpenApiDocument } from '../../../test/support/openapi.ts';
import { sendForm } from '../../../test/support/s3-contract.ts';
import { CREDENTIALS, startS3Server, type S3Server } from '../../../test/support/s3-server.ts';
import type { S3Object, S3Upload } from './schema.ts';

const SECRET = 'a-secret-for-events';
let store: S3Server;
let app: TestApp;
let contract: ContractChecker;

beforeAll(async () => {
  store = await startS3Server();
  store.addBucket('quarantine');
  store.addBucket('released');
  app = await startTestApp({
    config: {
      s3Endpoint: store.url,
      s3AccessKeyId: CREDENTIALS.accessKeyId,
      s3SecretAccessKey: CREDENTIALS.secretAccessKey,
      s3Region: CREDENTIALS.region,
      s3QuarantineBucket: 'quarantine',
      s3ReleasedBucket: 'released',
      s3EventsSecret: SECRET,
      // Only events and requests make anything happen within this test.
      s3PollSeconds: 3600,
    },
  });
  contract = createContractChecker((await (await fetch(`${app.url}/openapi.json`)).json()) as OpenApiDocument);
});
afterAll(async () => {
  await app.stop();
  await store.close();
});

/** What these tests read of the answers. */
type Body = S3Upload & { readonly state: S3Object['state']; readonly items: readonly { readonly name: string; readonly status: string }[] };

async function call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Body }> {
  const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await app.call(path, { method, ...init });
  await contract.check(method, path, response);
  return { status: response.status, body: (await response.json()) as Body };
}

const tell = (key: string | undefined): object => ({
  Records: [{ eventName: 's3:ObjectCreated:Post', s3: { bucket: { name: 'quarantine' }, object: { key } } }],
});

it('an upload to the store becomes an upload here, by an event alone, and its object is where the service is told', async () => {
  const made = await call('POST', '/v1/s3/uploads', { reference: 'mine' });
  expect(made.status).toBe(201);
  expect((await call('GET', `/v1/s3/uploads/${made.body.id}`)).body.state).toBe('waiting');
  // No picture, and no list: nobody may release it.
  expect(await sendForm(made.body, 'no picture at all')).toBe(204);
  expect((await call('POST', '/v1/hooks/s3-events', tell(made.body.fields['key']))).body).toEqual({ noted: 1 });
  const upload = await (await app.call(`/v1/uploads/${made.body.id}`)).json();
  expect(upload).toMatchObject({ reference: 'mine' });
  let state = '';
  for (let turn = 0; turn < 100 && state !== 'kept'; turn += 1) {
    ({ state } = (await call('GET', `/v1/s3/uploads/${made.body.id}`)).body);
    await sleep(100);
  }
  expect(state).toBe('kept');
  expect(store.buckets.get('released')?.objects.size).toBe(0);
  expect((await call('GET', '/v1/s3')).body).toMatchObject({ isOn: true, quarantineBucket: 'quarantine', objects: { kept: 1 } });
});

it('events come with a key or with the secret, and with nothing else', async () => {
  expect((await call('POST', `/v1/hooks/s3-events/${SECRET}`, tell('a'))).body).toEqual({ noted: 1 });
  expect((await call('POST', `/v1/hooks/s3-events/${SECRET}x`, tell('a'))).status).toBe(401);
  expect((await fetch(`${app.url}/v1/hooks/s3-events`, { method: 'POST', body: '{}' })).status).toBe(401);
  expect((await fetch(`${app.url}/v1/s3/uploads`, { method: 'POST', body: '{}' })).status).toBe(401);
  // SNS says that it is text.
  const sns = {
    method: 'POST',
    body: JSON.stringify({ Type: 'Notification', Message: JSON.stringify(tell('a')) }),
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
  };
  expect(await (await fetch(`${app.url}/v1/hooks/s3-events/${SECRET}`, sns)).json()).toEqual({ noted: 1 });
  expect((await call('POST', '/v1/hooks/s3-events', '{')).status).toBe(400);
  expect((await call('POST', '/v1/hooks/s3-events', JSON.stringify('x'.repeat(1_100_000)))).status).toBe(413);
});

it('the operator lists, checks, and is told when the store is away', async () => {
  expect((await call('POST', '/v1/s3/reconcile')).body).toEqual({ listed: 0, found: 0 });
  const worst = async (): Promise<string[]> => (await call('GET', '/v1/s3/check')).body.items.filter(({ status }) => status === 'fail').map(({ name }) => name);
  expect(await worst()).toEqual([]);
  store.fault = () => 'unavailable';
  expect((await call('POST', '/v1/s3/reconcile')).status).toBe(503);
  expect(await worst()).toEqual(['quarantine', 'released', 'versions', 'objects']);
  expect(await (await app.call('/metrics')).text()).toContain('gatehouse_s3_objects_total{outcome="kept"} 1');
  store.fault = () => undefined;
  expect((await call('POST', '/v1/s3/reconcile')).status).toBe(200);
});
