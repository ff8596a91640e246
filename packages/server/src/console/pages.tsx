/** The overview and try-it. Everything works without JavaScript; with it the same forms answer with one card at a time. */
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { readMultipart } from '../platform/http/body.ts';
import { html, seeOther, type Reply } from '../platform/http/reply.ts';
import { definePage, type Exchange, type Route } from '../platform/http/route.ts';
import { renderFragment } from '../platform/ui/page.tsx';
import { renderOverview } from './overview-page.tsx';
import { ResultCard } from './result-card.tsx';
import { PartSchema, SampleChoiceSchema, type Attempt } from './schema.ts';
import type { ConsoleService } from './service.ts';
import { renderResultsPage, renderTryPage, sampleUrl } from './try-page.tsx';

const FILES_MAX = 50;
const FILE_NAME_MAX = 200;
const NO_FILE = { at: 'files', message: 'Choose at least one picture' };

type Asker = Pick<Exchange, 'principal' | 'signal'>;

export function pages(service: ConsoleService, { config }: AppContext): readonly Route[] {
  return [overviewPage(service), ...samplePages(service), ...tryPages(service, config.maxScanBytes)];
}

function overviewPage(service: ConsoleService): Route {
  return definePage({
    method: 'get',
    path: '/',
    right: 'scan',
    summary: 'Overview',
    handle: async ({ principal }) => html(renderOverview(await service.summarise(), principal)),
  });
}

function tryPages(service: ConsoleService, maxBytes: number): readonly Route[] {
  const readView = async (): Promise<{ demonstration: Awaited<ReturnType<ConsoleService['readDemonstration']>>; samples: ConsoleService['samples'] }> => ({
    demonstration: await service.readDemonstration(),
    samples: service.samples,
  });
  return [
    definePage({
      method: 'get',
      path: '/try',
      right: 'scan',
      summary: 'Try pictures',
      query: z.object({ loaded: z.string().optional() }),
      handle: async ({ query, principal }) => html(renderTryPage({ ...(await readView()), isJustLoaded: query.loaded !== undefined }, principal)),
    }),
    definePage({
      method: 'post',
      path: '/try/demonstration',
      right: 'lists:write',
      summary: 'Load the demonstration list',
      body: z.object({}),
      async handle({ principal, signal }) {
        await service.loadDemonstration(principal, signal);
        return seeOther('/try?loaded=1');
      },
    }),
    definePage({
      method: 'post',
      path: '/try',
      right: 'scan',
      summary: 'Try own pictures',
      query: PartSchema,
      rawBody: { kind: 'multipart', description: 'Pictures in fields named `files`.' },
      async handle(input) {
        const { principal, signal, query } = input;
        const attempts: Attempt[] = [];
        await readMultipart(
          { ...input, params: {}, query: new URLSearchParams() },
          {
            maxBytes,
            maxFiles: FILES_MAX,
            async onFile({ fileName, stream }) {
              // Browsers send an unnamed, empty part when nothing was chosen.
              if (fileName !== '') attempts.push(await service.tryPicture({ name: fileName.slice(0, FILE_NAME_MAX), stream, principal, signal }));
            },
          },
        );
        if (attempts.length === 0) return html(renderTryPage({ ...(await readView()), errors: [NO_FILE] }, principal), { status: 400 });
        return answer(attempts, query.part === 'card', { principal, signal });
      },
    }),
  ];
}

function samplePages(service: ConsoleService): readonly Route[] {
  const trySample = (name: string, { principal, signal }: Asker): Promise<Attempt> => {
    const sample = find(name);
    return service.tryPicture({ name: sample.title, stream: service.openSample(sample), picture: sampleUrl(sample), principal, signal });
  };
  const find = (name: string): ConsoleService['samples'][number] => {
    const sample = service.samples.find((one) => one.name === name);
    if (sample === undefined) throw new GatehouseError('not_found', 'There is no such sample picture.');
    return sample;
  };
  return [
    definePage({
      method: 'get',
      path: '/try/samples/{name}',
      right: 'scan',
      summary: 'A sample picture',
      params: z.object({ name: z.string() }),
      async handle({ params }) {
        const sample = find(params.name);
        return new Response(await readAll(service.openSample(sample)), {
          headers: {
            'content-type': sample.contentType,
            'content-disposition': `inline; filename="${sample.fileName}"`,
            'cache-control': 'private, max-age=3600',
          },
        });
      },
    }),
    definePage({
      method: 'post',
      path: '/try/samples',
      right: 'scan',
      summary: 'Try sample pictures',
      query: PartSchema,
      body: SampleChoiceSchema,
      async handle({ body, query, principal, signal }) {
        const names = body.sample === 'all' ? service.samples.map(({ name }) => name) : [body.sample];
        const attempts: Attempt[] = [];
        for (const name of names) attempts.push(await trySample(name, { principal, signal }));
        return answer(attempts, query.part === 'card', { principal, signal });
      },
    }),
  ];
}

/** A page, or for the island the cards alone; `x-part` tells them from an error page. */
function answer(attempts: readonly Attempt[], isPart: boolean, { principal }: Asker): Reply {
  if (!isPart) return html(renderResultsPage(attempts, principal));
  return html(attempts.map((attempt) => renderFragment(<ResultCard attempt={attempt} />)).join(''), { headers: { 'x-part': 'card' } });
}

/** Small files of ours; never content from outside. */
async function readAll(stream: AsyncIterable<Buffer>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
