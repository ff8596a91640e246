/** The console's look-up of hashes. Works without JavaScript. */
import { z } from 'zod';
import { isGatehouseError, type FieldError } from '../platform/errors.ts';
import { html } from '../platform/http/reply.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import { renderLookUpPage, type LookUpForm } from './look-up-page.tsx';
import { LOOK_UP_SIGNALS_MAX, type Signal } from './look-up-schema.ts';
import { LOOK_UP_TIMEOUT_MS, type LookUpService } from './look-ups.ts';
import { askedBy } from './routes.ts';
import { readSignalLine } from './signal-lines.ts';

const FormSchema = z.object({ values: z.string().default(''), type: z.enum(['pdq', 'sha256']).optional().catch(undefined) });

export function pages(service: LookUpService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/match',
      right: 'match',
      summary: 'Look up hashes',
      handle: async ({ principal }) => html(renderLookUpPage({ form: { values: '' } }, principal)),
    }),
    definePage({
      method: 'post',
      path: '/console/match',
      right: 'match',
      timeoutMs: LOOK_UP_TIMEOUT_MS,
      summary: 'Look up hashes: the answer',
      body: FormSchema,
      async handle(exchange) {
        const { body: form, principal } = exchange;
        const { signals, errors } = readForm(form);
        if (errors.length > 0) return html(renderLookUpPage({ form, errors }, principal), { status: 400 });
        try {
          const reply = await service.lookUp({ request: { signals }, ...askedBy(exchange) });
          return html(renderLookUpPage({ form, answer: { reply, signals } }, principal));
        } catch (error) {
          // What was typed should not be lost because the lists are away for a moment.
          if (!isGatehouseError(error) || error.status !== 503) throw error;
          return html(renderLookUpPage({ form, errors: [{ at: '', message: error.message }] }, principal), {
            status: error.status,
            headers: { 'retry-after': String(error.extras.retryAfterS ?? 5) },
          });
        }
      },
    }),
  ];
}

/** One hash a line; empty lines do not count. */
function readForm(form: LookUpForm): { readonly signals: readonly Signal[]; readonly errors: readonly FieldError[] } {
  const signals: Signal[] = [];
  const errors: FieldError[] = [];
  for (const [index, line] of form.values.split('\n').entries()) {
    if (line.trim() === '') continue;
    const read = readSignalLine(line, form.type);
    if (read.ok) signals.push(read.signal);
    else errors.push({ at: 'values', message: `Line ${index + 1} ${read.problem}` });
  }
  if (signals.length + errors.length === 0) errors.push({ at: 'values', message: 'Enter at least one hash' });
  if (signals.length > LOOK_UP_SIGNALS_MAX) errors.push({ at: 'values', message: `Enter at most ${LOOK_UP_SIGNALS_MAX} hashes at once` });
  return { signals, errors: errors.slice(0, 10) };
}
