import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { json, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { readPeriod } from './period-rules.ts';
import { PeriodQuerySchema, PublicQuerySchema, ShareQuerySchema } from './query-schema.ts';
import { DisplacementSchema, FiguresSchema, PublicFiguresSchema, SharePointSchema, type FiguresService } from './schema.ts';
import { formatFigures } from './table-rules.ts';

const CSV = 'text/csv; charset=utf-8';

export function routes(figures: FiguresService, { clock }: { readonly clock: Clock }): readonly Route[] {
  return [...readRoutes(figures, clock), ...moveRoutes(figures), ...publicRoutes(figures)];
}

function readRoutes(figures: FiguresService, clock: Clock): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/international/figures',
      right: 'international:read',
      tag: 'international',
      summary: 'Reports and times to removal by country, recipient and network',
      description: 'Of reports made in the period (default: this month and the twelve before it), as they stand now. Small counts are withheld.',
      query: PeriodQuerySchema,
      responses: { 200: { description: 'Figures', schema: FiguresSchema } },
      handle: async ({ query }) => json(await figures.read(readPeriod(query, clock.now()))),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/international/figures/export',
      right: 'international:read',
      tag: 'international',
      summary: 'One of these tables as CSV',
      query: PeriodQuerySchema.safeExtend({ table: z.enum(['countries', 'recipients', 'networks']).default('countries') }),
      responses: { 200: { description: 'RFC 4180, with a header', contentType: 'text/csv' } },
      async handle({ query }) {
        const read = await figures.read(readPeriod(query, clock.now()));
        return csv(formatFigures(read[query.table]), `figures-${query.table}`);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/international/figures/shares',
      right: 'international:read',
      tag: 'international',
      summary: 'Shares of hosting countries by month',
      query: ShareQuerySchema,
      responses: { 200: { description: 'One point for each month and country', schema: z.object({ shares: z.array(SharePointSchema) }) } },
      handle: async ({ query }) => json({ shares: await figures.shares(query.months) }),
    }),
  ];
}

const DisplacementsSchema = z.object({ displacements: z.array(DisplacementSchema) });

function moveRoutes(figures: FiguresService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/international/displacements',
      right: 'international:read',
      tag: 'international',
      summary: 'Shares of hosting that moved further than chance explains',
      responses: { 200: { description: 'Newest first', schema: DisplacementsSchema } },
      handle: async () => json({ displacements: await figures.displacements() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/international/displacements',
      right: 'international:manage',
      tag: 'international',
      summary: 'Look for shares that moved, now',
      description: 'Otherwise once a day. What was found before is not found again.',
      responses: { 200: { description: 'How many are new', schema: z.object({ found: z.number().int() }) } },
      handle: async ({ principal }) => json({ found: await figures.findDisplacements(principal.id) }),
    }),
  ];
}

function publicRoutes(figures: FiguresService): readonly Route[] {
  const about = { right: 'public' as const, ignoresCredentials: true as const, tag: 'international', query: PublicQuerySchema };
  return [
    defineRoute({
      ...about,
      method: 'get',
      path: '/international/figures.json',
      summary: 'The public figures of one quarter, for machines',
      description: 'Default: the newest quarter that is due. 404 unless the setting `internationalPublic` is on.',
      responses: { 200: { description: 'The figures', schema: PublicFiguresSchema } },
      handle: async ({ query }) => json(await figures.readPublic(query.quarter)),
    }),
    defineRoute({
      ...about,
      method: 'get',
      path: '/international/figures.csv',
      summary: 'The public table of countries, as CSV',
      responses: { 200: { description: 'RFC 4180, with a header', contentType: 'text/csv' } },
      async handle({ query }) {
        const { quarter, countries } = await figures.readPublic(query.quarter);
        return csv(formatFigures(countries), `figures-${quarter}`);
      },
    }),
  ];
}

function csv(text: string, name: string): Reply {
  return new Reply(text, { headers: { 'content-type': CSV, 'content-disposition': `attachment; filename="${name}.csv"` } });
}
