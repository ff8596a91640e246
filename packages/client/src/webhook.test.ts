import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, type WebhookInput } from './webhook.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"type":"age.session.completed","timestamp":"2026-11-25T12:00:00.000Z","data":{"id":"age_1","service":"forum","result":"a.b.c"}}';
const NOW_S = 1_700_000_000;

function sign(body: string | Uint8Array, { id = 'msg_1', timestamp = String(NOW_S), secret = SECRET } = {}): Record<string, string> {
  const tag = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${tag}` };
}

const verify = (changed: Partial<WebhookInput> = {}): ReturnType<typeof verifyWebhook> =>
  verifyWebhook({ headers: sign(BODY), body: BODY, secret: SECRET, nowS: NOW_S, ...changed });

describe('a callback', () => {
  it('is signed as the vector of Standard Webhooks says', async () => {
    // https://github.com/standard-webhooks/standard-webhooks, libraries' tests. Its body is not of our form: the signature is what is accepted.
    const vector = {
      body: '{"test": 2432232314}',
      nowS: 1_614_265_330,
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
    };
    await expect(verify(vector)).rejects.toThrow('It is signed, and not of the form of a callback.');
    await expect(verify({ ...vector, body: '{"test": 2432232315}' })).rejects.toThrow('The signature is not one of this secret.');
  });

  it('is read from text or bytes, with headers of the Web or of Node', async () => {
    const read = {
      id: 'msg_1',
      type: 'age.session.completed',
      timestamp: '2026-11-25T12:00:00.000Z',
      data: { id: 'age_1', service: 'forum', result: 'a.b.c' },
    };
    expect(await verify()).toEqual(read);
    expect(await verify({ body: Buffer.from(BODY), headers: new Headers(sign(BODY)) })).toEqual(read);
    const named = Object.fromEntries(Object.entries(sign(BODY)).map(([name, value]) => [name.toUpperCase(), value]));
    expect(await verify({ headers: named })).toEqual(read);
    expect(await verify({ secret: ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', SECRET] })).toEqual(read);
    const signed = sign(BODY);
    expect(await verify({ headers: { ...signed, 'webhook-signature': `v1,AAAA v2,x ${signed['webhook-signature']}` } })).toEqual(read);
    for (const offset of [-300, 300]) expect(await verify({ nowS: NOW_S + offset })).toEqual(read);
  });

  it.each([
    ['another body', { body: BODY.replace('forum', 'other') }],
    ['another secret', { headers: sign(BODY, { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }) }],
    ['another id', { headers: { ...sign(BODY), 'webhook-id': 'msg_2' } }],
    ['another time', { headers: { ...sign(BODY), 'webhook-timestamp': String(NOW_S + 1) } }],
    ['an old time', { nowS: NOW_S + 301 }],
    ['a time to come', { nowS: NOW_S - 301 }],
    ['no time', { headers: { ...sign(BODY), 'webhook-timestamp': '' } }],
    ['a time that is no number', { headers: sign(BODY, { timestamp: 'NaN' }) }],
    ['a time in another form', { headers: sign(BODY, { timestamp: `${NOW_S}.0` }) }],
    ['no id', { headers: { ...sign(BODY), 'webhook-id': undefined } }],
    ['an id with the separator', { headers: sign(BODY, { id: 'a.b' }) }],
    ['an id twice', { headers: { ...sign(BODY), 'webhook-id': ['msg_1', 'msg_1'] } }],
    ['no signature', { headers: { ...sign(BODY), 'webhook-signature': undefined } }],
    ['an empty signature', { headers: { ...sign(BODY), 'webhook-signature': 'v1,' } }],
    ['a short signature', { headers: { ...sign(BODY), 'webhook-signature': sign(BODY)['webhook-signature']?.slice(0, 20) } }],
    ['another scheme', { headers: { ...sign(BODY), 'webhook-signature': sign(BODY)['webhook-signature']?.replace('v1,', 'v1a,') } }],
    ['another scheme', { headers: { ...sign(BODY), 'webhook-signature': sign(BODY)['webhook-signature']?.replace('v1,', 'v2,') } }],
    ['the eleventh signature', { headers: { ...sign(BODY), 'webhook-signature': `${'v1,AAAA '.repeat(10)}${sign(BODY)['webhook-signature']}` } }],
    ['another form', { body: '[]', headers: sign('[]') }],
    ['no data', { body: '{"type":"x","timestamp":"y"}', headers: sign('{"type":"x","timestamp":"y"}') }],
    ['no UTF-8', { body: Buffer.from([0x7b, 0xff]), headers: sign(Buffer.from([0x7b, 0xff])) }],
  ] as const)('is refused with %s', async (_name, changed) => {
    await expect(verify(changed)).rejects.toMatchObject({ code: 'webhook_invalid' });
  });

  it('is not checked with a secret that is none', async () => {
    for (const secret of ['', 'whsec_', 'whsec_AAAA', SECRET.slice(6), `whsec_!${SECRET.slice(7)}`, []])
      await expect(verify({ secret })).rejects.toMatchObject({
        code: secret.length === 0 && typeof secret !== 'string' ? 'webhook_invalid' : 'option_invalid',
      });
  });
});
