/**
 * Hosted providers that open a session by an API call, send the person to a page of theirs, and say by a signed webhook that they are done.
 * The answer itself is fetched from their API with our key whenever it can be: what comes along in the browser is never believed.
 * The same shape serves a credit card through a payment provider (a zero-amount authorisation of a card that is a credit card, with
 * strong customer authentication).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AnswerFieldSchema, readAnswer } from './answer-rules.ts';
import { parseJson, readPath, readReply, readText } from './json-rules.ts';
import {
  ProviderFault,
  type AgeQuestion,
  type Declaration,
  type ProviderAnswer,
  type ProviderStart,
  type ProviderTools,
  type RedirectProvider,
  type WebhookMessage,
} from './schema.ts';

const path = z.string().min(1).max(200);

export const SessionSettingsSchema = z.strictObject({
  createUrl: z.url(),
  /** The JSON body of the call. `{threshold}`, `{direction}`, `{challengeAge}`, `{state}`, `{callbackUrl}`, `{webhookUrl}`, `{locale}` are filled in, also inside longer texts. */
  createBody: z.record(z.string(), z.unknown()),
  /** `{id}` is the provider's name of the session. */
  resultUrl: z
    .string()
    .regex(/^https?:\/\/.*\{id\}/, 'must be an address with {id} in it')
    .optional(),
  apiKey: z.string().min(1),
  idPath: path.default('id'),
  /** Where the page's address is; or `pageUrl` with `{id}`. */
  urlPath: path.default('url'),
  pageUrl: z.string().includes('{id}').optional(),
  statusPath: path.default('status'),
  done: z.array(z.string()).default(['COMPLETE', 'complete', 'succeeded']),
  pending: z.array(z.string()).default(['PENDING', 'pending', 'processing']),
  /** Every one of these must stand in the answer, such as `card.funding: credit`; else it is inconclusive. */
  conditions: z.record(z.string(), z.union([z.string(), z.boolean()])).default({}),
  /** Absent: that the conditions hold is the answer (a credit card means an adult). */
  answer: AnswerFieldSchema.optional(),
  webhookSecret: z.string().min(16).optional(),
  /** `t=<seconds>,v1=<hex>`: HMAC-SHA-256 over `<seconds>.<body>`. */
  signatureHeader: z.string().default('x-signature'),
  /** In the webhook's body. */
  webhookIdPath: path.default('id'),
});
export type SessionSettings = z.output<typeof SessionSettingsSchema>;

/** A webhook that is older was recorded and is being played back. */
const WEBHOOK_AGE_MAX_S = 300;

export interface SessionParts {
  readonly id: string;
  readonly declaration: Declaration;
  readonly settings: SessionSettings;
  readonly tools: ProviderTools;
}

export function createSessionProvider({ id, declaration, settings, tools }: SessionParts): RedirectProvider {
  const fetchAnswer = async (reference: string, question: AgeQuestion): Promise<ProviderAnswer> => {
    if (settings.resultUrl === undefined) return { outcome: 'pending' };
    const url = settings.resultUrl.replaceAll('{id}', encodeURIComponent(reference));
    const body = readReply(await tools.send({ url, method: 'GET', headers: withKey(settings) }));
    return readSession(body, { settings, declaration, question, now: tools.now() });
  };
  return {
    id,
    declaration,
    mode: 'redirect',
    async start(start) {
      const body = JSON.stringify(fillIn(settings.createBody, start));
      const reply = readReply(
        await tools.send({ url: settings.createUrl, method: 'POST', headers: { ...withKey(settings), 'content-type': 'application/json' }, body }),
      );
      const reference = readText(reply, settings.idPath);
      const redirectUrl =
        settings.pageUrl === undefined ? readText(reply, settings.urlPath) : settings.pageUrl.replaceAll('{id}', encodeURIComponent(reference ?? ''));
      if (reference === undefined || redirectUrl === undefined || !/^https?:\/\//.test(redirectUrl))
        throw new ProviderFault('answer_not_understood', 'The provider opened no session: its answer has no id or no address.');
      return { redirectUrl, reference };
    },
    async finish({ reference, start }) {
      if (reference === undefined) throw new ProviderFault('answer_not_authentic', 'There is no session of the provider for this return.');
      return fetchAnswer(reference, start.question);
    },
    async readWebhook(message) {
      const body = parseJson(verifyWebhook(message, settings, tools.now()));
      const reference = readText(body, settings.webhookIdPath);
      if (reference === undefined) throw new ProviderFault('answer_not_understood', 'The webhook names no session.');
      // With an API to ask, the webhook is only the bell.
      if (settings.resultUrl !== undefined) return { reference, answer: undefined };
      return { reference, answer: readSession(body, { settings, declaration, question: readQuestion(body), now: tools.now() }) };
    },
    async checkHealth() {
      const { status } = await tools.send({ url: settings.createUrl, method: 'GET', headers: withKey(settings) }).catch(() => ({ status: 599 }));
      return status < 500;
    },
  };
}

function withKey({ apiKey }: SessionSettings): Record<string, string> {
  return { authorization: `Bearer ${apiKey}`, accept: 'application/json' };
}

interface Reading {
  readonly settings: SessionSettings;
  readonly declaration: Declaration;
  readonly question: AgeQuestion;
  readonly now: Date;
}

function readSession(body: unknown, { settings, declaration, question, now }: Reading): ProviderAnswer {
  const status = String(readPath(body, settings.statusPath));
  if (settings.pending.includes(status)) return { outcome: 'pending' };
  if (!settings.done.includes(status)) return { outcome: 'inconclusive' };
  const isMet = Object.entries(settings.conditions).every(([at, wanted]) => readPath(body, at) === wanted);
  if (!isMet) return { outcome: 'inconclusive' };
  if (settings.answer === undefined) return { outcome: 'verified', isOver: true };
  return readAnswer(body, settings.answer, { question, basis: declaration.basis, now });
}

/** A provider without a result address repeats in its webhook what it was asked. */
function readQuestion(body: unknown): AgeQuestion {
  const threshold = readPath(body, 'threshold');
  if (typeof threshold !== 'number' || !Number.isInteger(threshold))
    throw new ProviderFault('answer_not_understood', 'The webhook does not say which threshold it answers.');
  return { threshold, direction: readPath(body, 'direction') === 'under' ? 'under' : 'over' };
}

function verifyWebhook({ body, header }: WebhookMessage, { webhookSecret, signatureHeader }: SessionSettings, now: Date): string {
  if (webhookSecret === undefined) throw new ProviderFault('answer_not_authentic', 'No webhook secret is configured for this provider.');
  const [, time = '', signature = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header(signatureHeader) ?? '') ?? [];
  const expected = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new ProviderFault('answer_not_authentic', 'The signature of the webhook is wrong.');
  if (Math.abs(now.getTime() / 1000 - Number(time)) > WEBHOOK_AGE_MAX_S) throw new ProviderFault('answer_not_authentic', 'The webhook is too old.');
  return body;
}

/** Texts with names in braces, at any depth; a text that is only `{threshold}` or `{challengeAge}` becomes a number. */
export function fillIn(template: unknown, start: ProviderStart): unknown {
  if (typeof template === 'string') return fillText(template, start);
  if (Array.isArray(template)) return template.map((item) => fillIn(item, start));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillIn(value, start)]));
}

function fillText(text: string, start: ProviderStart): string | number {
  const { question, challengeAge, state, callbackUrl, webhookUrl, locale } = start;
  const names: Record<string, string | number> = {
    threshold: question.threshold,
    direction: question.direction,
    challengeAge,
    state,
    callbackUrl,
    webhookUrl,
    locale,
  };
  const whole = /^\{(\w+)\}$/.exec(text)?.[1];
  if (whole !== undefined && Object.hasOwn(names, whole)) return names[whole] ?? text;
  return text.replaceAll(/\{(\w+)\}/g, (all, name: string) => (Object.hasOwn(names, name) ? String(names[name]) : all));
}
