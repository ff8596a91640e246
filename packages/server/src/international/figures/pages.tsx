/** The console's page of figures, and the public one. */
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { keepMade } from '../../platform/keep-made.ts';
import { renderConsolePage } from './console-page.tsx';
import { readPeriod } from './period-rules.ts';
import { renderPublicPage } from './public-page.tsx';
import { ConsoleQuerySchema, PublicPageQuerySchema } from './query-schema.ts';
import { LAYERS, type FiguresService } from './schema.ts';
import { viewCountries } from './views.ts';
import { readWorld, type World } from './world.ts';

const HERE = '/console/international/figures';
const PUBLIC = '/international/figures';
const MONTHS_SHOWN = 24;
/** Whether a hotline's table of figures may be published as a whole is not settled: it stays in the console. */
const PUBLIC_LAYERS = LAYERS.filter((layer) => layer !== 'published');

export function pages(figures: FiguresService, { clock }: { readonly clock: Clock }): readonly Route[] {
  const world = keepMade(readWorld);
  return [consolePage({ figures, clock, world }), lookForm(figures), publicPage({ figures, world })];
}

interface PageParts {
  readonly figures: FiguresService;
  world(): Promise<World>;
}

function consolePage({ figures, clock, world }: PageParts & { readonly clock: Clock }): Route {
  return definePage({
    method: 'get',
    path: HERE,
    right: 'international:read',
    summary: 'Figures about reports, times to removal and hosting countries',
    query: ConsoleQuerySchema,
    async handle({ query, principal }) {
      const read = await figures.read(readPeriod(query, clock.now()));
      const kept = Object.fromEntries((['from', 'to'] as const).flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])));
      const countries = await viewCountries({ figures, world: await world(), table: read.countries, path: HERE, kept, layers: LAYERS }, query);
      const [shares, displacements] = [await figures.shares(MONTHS_SHOWN), await figures.displacements()];
      return html(
        renderConsolePage({ figures: read, countries, shares, displacements, isPublic: figures.isPublic, isDone: query.done !== undefined }, principal),
      );
    },
  });
}

function lookForm(figures: FiguresService): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/displacements`,
    right: 'international:manage',
    summary: 'Look for shares that moved',
    body: z.object({}),
    async handle({ principal }) {
      await figures.findDisplacements(principal.id);
      return seeOther(`${HERE}?done=looked#displacement`);
    },
  });
}

function publicPage({ figures, world }: PageParts): Route {
  return definePage({
    method: 'get',
    path: PUBLIC,
    right: 'public',
    ignoresCredentials: true,
    summary: 'Public figures about reports and times to removal',
    query: PublicPageQuerySchema,
    async handle({ query, principal }) {
      const read = await figures.readPublic(query.quarter);
      const kept = { quarter: read.quarter };
      const countries = await viewCountries({ figures, world: await world(), table: read.countries, path: PUBLIC, kept, layers: PUBLIC_LAYERS }, query);
      return html(renderPublicPage({ figures: read, countries, quarters: figures.quarters() }, principal));
    },
  });
}
