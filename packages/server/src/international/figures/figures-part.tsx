/** What the console page and the public page share: the table of countries first, then the map of one thing. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, Select, type Choice } from '../../platform/ui/components.tsx';
import { TREATIES, type LayerView } from './layer-rules.ts';
import { WorldMap } from './map-part.tsx';
import type { FiguresService, FigureTable, Layer } from './schema.ts';
import { CountryTable, listSorts, type Sorting } from './table-part.tsx';
import type { CountryRow, Order, Sort } from './table-rules.ts';
import type { World } from './world.ts';

export interface CountriesView {
  readonly path: string;
  /** What the address keeps besides sorting and layer: period or quarter. */
  readonly kept: Readonly<Record<string, string>>;
  readonly table: FigureTable;
  readonly rows: readonly CountryRow[];
  readonly view: LayerView;
  readonly sort: Sort;
  readonly order: Order;
  readonly world: World;
  readonly layers: readonly Layer[];
  readonly names: Pick<FiguresService, 'nameOf' | 'capabilities'>;
}

export function CountriesPart({
  shown,
  caption,
  principal,
}: {
  readonly shown: CountriesView;
  readonly caption: string;
  readonly principal: Principal;
}): JSX.Element {
  const { view, table, rows, world, sort, order, names } = shown;
  const layer: Readonly<Record<string, string>> = view.layer === 'share' ? {} : { layer: view.layer, ...(view.about === '' ? {} : { about: view.about }) };
  const sorting: Sorting = {
    sort,
    order,
    hrefOf: (nextSort, nextOrder) => `${shown.path}?${new URLSearchParams({ ...shown.kept, ...layer, sort: nextSort, order: nextOrder })}`,
  };
  return (
    <>
      <Form action={`${shown.path}#countries`} method="get" principal={principal} class="filter no-print narrow-only">
        {Object.entries({ ...shown.kept, ...layer }).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Select name="sort" label="Sort by" value={sort} choices={listSorts(view)} />
        <Select name="order" label="Order" value={order} choices={ORDER_CHOICES} />
        <Button kind="secondary">Sort</Button>
      </Form>
      <CountryTable rows={rows} table={table} view={view} sorting={sorting} caption={caption} />
      <h2 id="map">Map</h2>
      <Form action={`${shown.path}#map`} method="get" principal={principal} class="filter no-print">
        {Object.entries({ ...shown.kept, sort, order }).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Select name="layer" label="What the map shows" value={view.layer} choices={toChoices(shown.layers)} />
        <AboutField view={view} capabilities={names.capabilities} />
        <Button kind="secondary">Show on the map</Button>
      </Form>
      <WorldMap world={world} view={view} nameOf={names.nameOf} />
    </>
  );
}

const ORDER_CHOICES: readonly Choice[] = [
  { value: 'desc', text: 'largest, or Z, first' },
  { value: 'asc', text: 'smallest, or A, first' },
];

const LAYER_TEXTS: Readonly<Record<Layer, string>> = {
  share: 'Share of the reports made here',
  reports: 'Reports made here',
  median: 'Time until half were removed',
  published: 'Share of hosting that the IWF published',
  hotline: 'Hotline: yes, no, not known',
  treaty: 'Party of a treaty',
  mnr: 'Phase of one capability (Model National Response)',
};

function toChoices(layers: readonly Layer[]): readonly Choice[] {
  return layers.map((value) => ({ value, text: LAYER_TEXTS[value] }));
}

function AboutField({ view, capabilities }: { readonly view: LayerView; readonly capabilities: FiguresService['capabilities'] }): JSX.Element | null {
  if (view.layer === 'treaty')
    return <Select name="about" label="Treaty" value={view.about} choices={Object.entries(TREATIES).map(([value, text]) => ({ value, text }))} />;
  if (view.layer !== 'mnr') return null;
  const choices = capabilities.map(({ number, title }) => ({ value: String(number), text: `${number}. ${title}` }));
  return <Select name="about" label="Capability" value={view.about} choices={choices} />;
}
