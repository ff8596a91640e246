import { EXIT, formatTable, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { formatHours, formatShare } from './layer-rules.ts';
import { DisplacementSchema, FiguresSchema, type FigureGroup } from './schema.ts';
import { z } from 'zod';

export const commands: readonly CommandDefinition[] = [figuresCommand(), movesCommand()];

function figuresCommand(): CommandDefinition {
  return {
    name: 'notice figures',
    summary: 'show reports and times to removal by country',
    options: [
      { flags: '--from <date>', about: 'reports made on this day or later, 2026-01-01; default: the twelve months before this one' },
      { flags: '--to <date>', about: 'and before this day' },
    ],
    help: 'Small counts are withheld. Open reports count as not removed yet.',
    async run(context, args) {
      const query = new URLSearchParams();
      for (const name of ['from', 'to']) {
        const day = textOption(args, name);
        if (day !== undefined) query.set(name, day);
      }
      const api = await context.api();
      const figures = FiguresSchema.parse((await api.send({ method: 'GET', path: `/v1/international/figures?${query}` })).body);
      const { countries } = figures;
      print(context, figures, () => [
        `Reports made from ${figures.period.from.slice(0, 10)} to before ${figures.period.to.slice(0, 10)}. Withheld: counts below ${countries.k}.`,
        '',
        ...formatTable([
          ['COUNTRY', 'REPORTS', 'SHARE', 'REMOVED', 'OPEN', 'TOLD', 'HALF REMOVED AFTER', 'NINE TENTHS AFTER'],
          ...[...countries.groups, countries.overall].map(toCells),
        ]),
      ]);
      return EXIT.ok;
    },
  };
}

function toCells(group: FigureGroup): string[] {
  const count = (value: number | null): string => (value === null ? 'withheld' : String(value));
  const time = (hours: number | null): string => (hours === null ? '-' : formatHours(hours));
  const share = group.share === null ? '-' : formatShare(group.share);
  return [
    group.key,
    count(group.reports),
    share,
    count(group.removed),
    count(group.open),
    count(group.followed),
    time(group.medianHours),
    time(group.p90Hours),
  ];
}

function movesCommand(): CommandDefinition {
  return {
    name: 'notice displacements',
    summary: 'list shares of hosting that moved from one country to another',
    async run(context) {
      const api = await context.api();
      const { body } = await api.send({ method: 'GET', path: '/v1/international/displacements' });
      const { displacements } = z.object({ displacements: z.array(DisplacementSchema) }).parse(body);
      print(context, displacements, () =>
        formatTable([
          ['COUNTRY', 'FROM', 'SHARE', 'TO', 'SHARE', 'BASIS'],
          ...displacements.map(({ country, from, to, basis }) => [country, from.month, formatShare(from.share), to.month, formatShare(to.share), basis]),
        ]),
      );
      return EXIT.ok;
    },
  };
}
