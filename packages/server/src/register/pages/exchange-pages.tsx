/** The console's page of imports, exports and the documents of sources. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { readMultipart } from '../../platform/http/body.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Exchange, type Route } from '../../platform/http/route.ts';
import { handOut } from '../exchange/routes.ts';
import { EXPORT_FORMATS, ImportInputSchema, type ExchangeService, type ImportInput, type ImportResult } from '../exchange/schema.ts';
import type { RegisterService } from '../model/schema.ts';
import { EXCHANGE } from './addresses.ts';
import { renderExchangePage } from './exchange-page.tsx';

const BYTES_MAX = 8 * 1_048_576;

interface Needs {
  readonly model: RegisterService;
  readonly exchange: ExchangeService;
  readonly context: AppContext;
}

export function exchangePages(needs: Needs): readonly Route[] {
  const { exchange } = needs;
  return [
    definePage({
      method: 'get',
      path: EXCHANGE,
      right: 'register:edit',
      summary: 'Import, export, and the documents of sources',
      query: z.object({ asked: z.literal('1').optional().catch(undefined) }),
      handle: async ({ query, principal }) => html(await show(needs, { asked: query.asked === '1' }, principal)),
    }),
    definePage({
      method: 'get',
      path: `${EXCHANGE}/{register}`,
      right: 'register:edit',
      summary: 'A whole register as a file',
      params: z.object({ register: z.string().max(60) }),
      query: z.object({ format: z.enum(EXPORT_FORMATS) }),
      handle: async ({ params, query }) => handOut(await exchange.export(params.register, query.format)),
    }),
    definePage({
      method: 'post',
      path: `${EXCHANGE}/links`,
      right: 'register:edit',
      summary: 'Ask for the documents that are due',
      timeoutMs: 300_000,
      body: z.object({}),
      async handle({ signal }) {
        await exchange.checkLinks({ isAll: false, signal });
        return seeOther(`${EXCHANGE}?asked=1`);
      },
    }),
    importForm(needs),
  ];
}

interface Shown {
  readonly result?: ImportResult;
  readonly errors?: readonly FieldError[];
  readonly asked?: boolean;
}

async function show({ model, exchange, context }: Needs, { result, errors = [], asked = false }: Shown, principal: Principal): Promise<string> {
  const view = { registers: await model.registers(), links: await exchange.links(), isChecking: context.config.registerLinkChecks, result, errors, asked };
  return renderExchangePage(view, principal);
}

function importForm(needs: Needs): Route {
  const { exchange } = needs;
  return definePage({
    method: 'post',
    path: EXCHANGE,
    right: 'register:edit',
    summary: 'Read a table or JSON-LD',
    rawBody: { kind: 'multipart', description: 'The file, with a mapping when it is a table' },
    async handle(sent): Promise<Answer> {
      const { principal } = sent;
      const files = new Map<string, string>();
      const request: Exchange = { ...sent, params: {}, query: new URLSearchParams() };
      const fields = await readMultipart(request, {
        maxBytes: BYTES_MAX,
        maxFiles: 2,
        onFile: async ({ field, stream }) => void files.set(field, await readText(stream)),
      });
      const input = toInput(files);
      if ('message' in input) return html(await show(needs, { errors: [{ at: 'file', message: input.message }] }, principal), { status: 400 });
      try {
        const result = fields.get('mode') === 'keep' ? await exchange.import(input, principal.id) : await exchange.preview(input);
        return html(await show(needs, { result }, principal), { status: result.faults.length === 0 ? 200 : 400 });
      } catch (error) {
        // No table at all: nothing was kept, and the page says why.
        if (!isGatehouseError(error) || error.code !== 'invalid_request') throw error;
        return html(await show(needs, { errors: [{ at: 'file', message: error.message }] }, principal), { status: 400 });
      }
    },
  });
}

/** What is beyond the limit is a fault of the reader of the body. */
async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}

type Found = ImportInput | { readonly message: string };

function toInput(files: ReadonlyMap<string, string>): Found {
  const text = files.get('file') ?? '';
  const mapping = files.get('mapping') ?? '';
  if (text === '') return { message: 'Choose a file: a table with its mapping, or JSON-LD' };
  if (mapping !== '') return toTable(text, mapping);
  const document = parseJson(text);
  return document === undefined ? { message: 'Without a mapping the file must be JSON-LD, and it is not JSON' } : { kind: 'jsonld', document };
}

function toTable(text: string, mapping: string): Found {
  const parsed = ImportInputSchema.safeParse({ kind: 'csv', mapping: parseJson(mapping), text });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => [...path.slice(1), message].join(': '));
  return { message: `The mapping cannot be used. ${faults[0] ?? ''}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
