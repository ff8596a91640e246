/** The addresses of Hasher-Matcher-Actioner under `/hma`. Errors have its shape, `{"message": …}`, save those of the frame (no key, no right). */
import { z } from 'zod';
import { openFeed } from '../../intake/index.ts';
import type { Config } from '../../platform/config.ts';
import { GatehouseError, toGatehouseError } from '../../platform/errors.ts';
import { readMultipart } from '../../platform/http/body.ts';
import { json, Reply, type Answer } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type ResponseDoc, type Route } from '../../platform/http/route.ts';
import { compareSignals, readBoolean } from './answer-rules.ts';
import {
  FileQuerySchema,
  HmaBanksMatchedSchema,
  HmaComparedSchema,
  HmaErrorSchema,
  HmaFileMatchedSchema,
  HmaHashesSchema,
  HmaIndexStatusSchema,
  HmaRawMatchedSchema,
  LookUpQuerySchema,
  SignalTypeQuerySchema,
  type LookUpQuery,
} from './schema.ts';
import type { FileQuestion, HmaService } from './service.ts';

const fault = (description: string): ResponseDoc => ({ description, schema: HmaErrorSchema });
/** What every one of these addresses may answer besides its own. */
export const FAULTS = {
  400: fault('The question cannot be answered; nothing is known about the content'),
  403: fault('Not offered here'),
  404: fault('There is no such thing'),
  413: fault('Too large'),
  415: fault('Not the content type that is asked for'),
  503: fault('No answer at the moment, or this API is off; nothing is known about the content'),
} as const;

const FETCH_REFUSED = 'Addresses are not fetched here: send the file (POST), or its hash.';
const BODY = { kind: 'multipart', description: 'One file, in the field `photo` or `video`.' } as const;
const LOOK_UP_TIMEOUT_MS = 10_000;
const DECIDED = {
  'Gatehouse-Outcome': '`release` or `stop`: what was decided, whichever banks were asked about',
  'Gatehouse-Reference': 'the id, for the operator; `upl_…` when the file was kept for a person to look at',
};

/** With the errors of that API. Off is 503 and not 404: Coop deletes its own record of a bank that is "not found". */
export async function answerHma(service: HmaService, give: () => Promise<Answer> | Answer): Promise<Answer> {
  try {
    if (!service.isOn) throw new GatehouseError('lists_unavailable', 'This API is off here (GATEHOUSE_HMA_API). Nothing was compared.');
    return await give();
  } catch (thrown) {
    const error = toGatehouseError(thrown);
    // Unexpected ones belong to the frame, which writes them to the log.
    if (error.code === 'internal') throw thrown;
    const { retryAfterS } = error.extras;
    const status = ANSWERED.has(error.status) ? error.status : error.status >= 500 ? 503 : 400;
    return json({ message: error.message }, { status, headers: retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) } });
  }
}
const ANSWERED: ReadonlySet<number> = new Set(Object.keys(FAULTS).map(Number));

export function hmaRoutes(service: HmaService, config: Pick<Config, 'maxUploadBytes'>): readonly Route[] {
  return [...statusRoutes(service), ...hashRoutes(service, config), ...lookUpRoutes(service, config), ...matchRoutes(service)];
}

function statusRoutes(service: HmaService): readonly Route[] {
  const text = { description: 'A word', contentType: 'text/plain', schema: z.string() };
  const say = (word: string, status = 200): Reply => new Reply(word, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  const words = { loading: 'INDEX-NOT-LOADED', stale: 'INDEX-STALE' } as const;
  const ready = (alive: string): Reply => {
    if (!service.isOn) return say('OFF', 503);
    const state = service.freshness();
    return state === 'fresh' ? say(alive) : say(words[state], 503);
  };
  const define = (path: `/${string}`, summary: string, give: () => Reply): Route =>
    defineRoute({ method: 'get', path: `/hma${path}`, right: 'public', tag: 'hma', summary, responses: { 200: text, 503: text }, handle: async () => give() });
  return [
    define('/status', 'HMA: whether look-ups can be answered', () => ready('I-AM-ALIVE')),
    define('/status/live', 'HMA: whether the process lives', () => say('I-AM-ALIVE')),
    define('/livez', 'HMA: whether the process lives', () => say('OK')),
    define('/readyz', 'HMA: whether look-ups can be answered', () => ready('READY')),
  ];
}

function hashRoutes(service: HmaService, config: Pick<Config, 'maxUploadBytes'>): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/hma/h/hash',
      right: 'scan',
      tag: 'hma',
      summary: 'HMA: hash what an address leads to. Refused: nothing is fetched',
      query: FileQuerySchema,
      responses: FAULTS,
      handle: ({ query }) =>
        answerHma(service, () => {
          if (query.url === undefined) throw new GatehouseError('invalid_request', 'url is required');
          throw new GatehouseError('forbidden', FETCH_REFUSED);
        }),
    }),
    defineRoute({
      method: 'post',
      path: '/hma/h/hash',
      right: 'scan',
      tag: 'hma',
      summary: 'HMA: the hashes of one file',
      query: FileQuerySchema,
      rawBody: BODY,
      responses: { 200: { description: 'By signal type; an empty text for PDQ of a quality below 50', schema: HmaHashesSchema }, ...FAULTS },
      handle: (exchange) =>
        answerHma(service, async () => {
          const { query, ...rest } = exchange;
          return json(await service.hashFile({ ...readOneFile(rest, config), types: query.types }));
        }),
    }),
  ];
}

function lookUpRoutes(service: HmaService, config: Pick<Config, 'maxUploadBytes'>): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/hma/m/lookup',
      right: 'match',
      timeoutMs: LOOK_UP_TIMEOUT_MS,
      tag: 'hma',
      summary: 'HMA: banks that a hash matches',
      query: LookUpQuerySchema,
      responses: { 200: { description: 'Compared; empty when nothing matches', schema: HmaBanksMatchedSchema }, ...FAULTS },
      handle: ({ query, principal, signal }) =>
        answerHma(service, async () => {
          if (query.url !== undefined && query.url !== '') throw new GatehouseError('forbidden', FETCH_REFUSED);
          if (!query.signal || !query.signal_type) throw new GatehouseError('invalid_request', 'Either url or both signal and signal_type are required');
          return json(await service.lookUpSignal({ ...requireSignal(query), principal, signal }));
        }),
    }),
    defineRoute({
      method: 'post',
      path: '/hma/m/lookup',
      right: 'scan',
      tag: 'hma',
      summary: 'HMA: banks that a file matches, by signal type',
      description:
        'The file is decided about as every upload is: recorded in the log, and kept for a person when it matches. What cannot be compared whole is an error, never an empty answer.',
      query: FileQuerySchema,
      rawBody: BODY,
      responses: { 200: { description: 'Compared; no bank when nothing matches', schema: HmaFileMatchedSchema, headers: DECIDED }, ...FAULTS },
      handle: (exchange) =>
        answerHma(service, async () => {
          const { query, ...rest } = exchange;
          const { matched, reference, outcome } = await service.lookUpFile({ ...readOneFile(rest, config), banks: query.banks });
          return json(matched, { headers: { 'gatehouse-outcome': outcome, 'gatehouse-reference': reference } });
        }),
    }),
  ];
}

function matchRoutes(service: HmaService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/hma/m/raw_lookup',
      right: 'match',
      timeoutMs: LOOK_UP_TIMEOUT_MS,
      tag: 'hma',
      summary: 'HMA: entries that a hash matches',
      query: LookUpQuerySchema,
      responses: { 200: { description: 'Compared', schema: HmaRawMatchedSchema }, ...FAULTS },
      handle: ({ query, principal, signal }) =>
        answerHma(service, async () => {
          const withDistance = readBoolean(query.include_distance);
          const found = await service.findSignal({ ...requireSignal(query), principal, signal });
          return json({ matches: found.map(({ match }) => (withDistance ? match : match.bank_content_id)) });
        }),
    }),
    defineRoute({
      method: 'post',
      path: '/hma/m/compare',
      right: 'match',
      tag: 'hma',
      summary: 'HMA: how far apart two hashes are',
      body: z.unknown(),
      responses: {
        200: { description: 'By signal type: whether they match (PDQ: distance up to 31), and the distance', schema: HmaComparedSchema },
        ...FAULTS,
      },
      handle: ({ body }) => answerHma(service, () => json(compareSignals(body))),
    }),
    defineRoute({
      method: 'get',
      path: '/hma/m/index/status',
      right: 'match',
      tag: 'hma',
      summary: 'HMA: how many entries are compared, by signal type',
      query: SignalTypeQuerySchema,
      responses: { 200: { description: 'By signal type', schema: HmaIndexStatusSchema }, ...FAULTS },
      handle: ({ query }) => answerHma(service, async () => json(await service.indexStatus(query.signal_type))),
    }),
  ];
}

function requireSignal({ signal, signal_type: signalType, banks }: LookUpQuery): { value: string; signalType: string; banks: string | undefined } {
  if (signal === undefined) throw new GatehouseError('invalid_request', 'signal is required');
  if (signalType === undefined) throw new GatehouseError('invalid_request', 'signal_type is required');
  return { value: signal, signalType, banks };
}

type Incoming = Omit<Exchange, 'params' | 'query'>;

/** The one file of a form. @throws {GatehouseError} `invalid_request`, `unsupported_media_type` */
function readOneFile(exchange: Incoming, { maxUploadBytes }: Pick<Config, 'maxUploadBytes'>): FileQuestion {
  const raw: Exchange = { ...exchange, params: {}, query: new URLSearchParams() };
  // For its refusal of content codings.
  openFeed(raw, maxUploadBytes);
  const missing = (): GatehouseError => new GatehouseError('invalid_request', 'Missing multipart/form-data file upload');
  const type = exchange.header('content-type')?.trim().toLowerCase() ?? '';
  if (!type.startsWith('multipart/form-data')) throw missing();
  // A malformed body leaves its file stream open for ever; whoever reads it must let go.
  const failed = new AbortController();
  return {
    principal: exchange.principal,
    signal: AbortSignal.any([exchange.signal, failed.signal]),
    async feed(sink) {
      let isGiven = false;
      try {
        await readMultipart(raw, {
          maxBytes: maxUploadBytes,
          maxFiles: 1,
          onFile: (file) => {
            isGiven = true;
            return sink(file);
          },
        });
      } catch (error) {
        failed.abort();
        throw error;
      }
      if (!isGiven) throw missing();
    },
  };
}
