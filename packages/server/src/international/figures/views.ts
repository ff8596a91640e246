/** What the pages show of the table of countries, from the service. */
import type { ViewQuery } from './query-schema.ts';
import type { CountriesView } from './figures-part.tsx';
import { viewLayer } from './layer-rules.ts';
import type { FiguresService, FigureTable, Layer } from './schema.ts';
import { listRows } from './table-rules.ts';
import type { World } from './world.ts';

export interface ViewParts {
  readonly figures: FiguresService;
  readonly world: World;
  readonly table: FigureTable;
  readonly path: string;
  readonly kept: Readonly<Record<string, string>>;
  readonly layers: readonly Layer[];
}

export async function viewCountries({ figures, world, table, path, kept, layers }: ViewParts, query: ViewQuery): Promise<CountriesView> {
  const layer = layers.includes(query.layer) ? query.layer : 'share';
  const source = await figures.layer(layer, query.about);
  const view = viewLayer(layer, { table, source, words: { phaseLabels: figures.phaseLabels(), capabilities: figures.capabilities } });
  const sort = query.sort === 'layer' && view.isOwn ? 'reports' : query.sort;
  const order = query.order ?? (sort === 'country' ? 'asc' : 'desc');
  const rows = listRows(table, { view, nameOf: figures.nameOf, sort, order });
  return { path, kept, table, rows, view, sort, order, world, layers, names: figures };
}
