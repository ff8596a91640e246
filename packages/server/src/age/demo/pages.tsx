/** The pages of the demonstration as a service has them: ask, come back, show. Where it is off, each answers 404. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { gatePages } from './gate-pages.tsx';
import { phonePages } from './phone-pages.tsx';
import { renderResult } from './result-page.tsx';
import { DoneSchema, QuestionSchema, TRY_PATH } from './schema.ts';
import type { DemoService } from './service.ts';
import { FIRST_VIEW, renderTry } from './try-page.tsx';
import { readQuestion } from './demo-rules.ts';

export function pages(demo: DemoService, clock: Pick<Clock, 'now'>): readonly Route[] {
  return [...tryPages(demo), ...resultPages(demo), ...gatePages(demo), ...phonePages(demo, clock)];
}

function requireOn({ isOn }: DemoService): void {
  if (!isOn) throw new GatehouseError('not_found', 'The demonstration of age checks is off. GATEHOUSE_AGE_DEMO switches it on.');
}

function tryPages(demo: DemoService): readonly Route[] {
  const common = { path: TRY_PATH, right: 'public' } as const;
  return [
    definePage({
      ...common,
      method: 'get',
      summary: 'Try an age check',
      async handle({ header, isSecure, principal }) {
        requireOn(demo);
        const own = demo.findOwnAddress({ host: header('host'), isSecure });
        // Not `seeOther`: the same address under the other name of this machine.
        if (own !== undefined) return new Response(null, { status: 303, headers: { location: own } });
        return html(renderTry(FIRST_VIEW, principal));
      },
    }),
    definePage({
      ...common,
      method: 'post',
      summary: 'Demonstration: the service asks',
      body: QuestionSchema,
      async handle({ body, header, isSecure, principal }) {
        const question = readQuestion(body);
        if (question === undefined) {
          const errors = [{ at: 'threshold', message: 'Enter a whole number from 1 to 99' }];
          return html(renderTry({ ...body, errors }, principal), { status: 400 });
        }
        const { sessionId, cookie } = await demo.start(question, { host: header('host'), isSecure });
        return seeOther(`/age/${sessionId}`, { 'set-cookie': cookie });
      },
    }),
  ];
}

function resultPages(demo: DemoService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/age/try/done',
      right: 'public',
      summary: 'Demonstration: the person comes back to the service',
      query: DoneSchema,
      async handle({ query, header }) {
        await demo.finish({ session: query.age_session, code: query.age_return }, header('cookie'));
        return seeOther(`${TRY_PATH}/result`);
      },
    }),
    definePage({
      method: 'get',
      path: '/age/try/result',
      right: 'public',
      summary: 'Demonstration: what the service learned',
      async handle({ header, principal }) {
        requireOn(demo);
        return html(renderResult(demo.findRun(header('cookie')), principal));
      },
    }),
  ];
}
