/**
 * The map, as a drawing without a script. One image to a screen reader: the table before it says the same. Classes differ by pattern as well as by colour,
 * and the colours are in the style sheet, so that they fit light, dark and paper.
 */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatNumber } from '../../platform/ui/components.tsx';
import { CLASSES, type LayerView, type MapClass } from './layer-rules.ts';
import type { World } from './world.ts';

const DOT = 3.5;

const byValue = (a: MapClass, b: MapClass): number => Number(isValue(a)) - Number(isValue(b));
const isValue = (mapClass: MapClass): boolean => mapClass !== 'none' && mapClass !== 'unknown';

interface MapProps {
  readonly world: World;
  readonly view: LayerView;
  readonly nameOf: (country: string) => string;
}

export function WorldMap({ world, view, nameOf }: MapProps): JSX.Element {
  const classOf = (code: string | null): MapClass => (code === null ? view.rest.mapClass : (view.marks.get(code)?.mapClass ?? view.rest.mapClass));
  const used = CLASSES.filter((mapClass) => view.legend.some((entry) => entry.mapClass === mapClass));
  return (
    <figure class="map">
      <svg
        role="img"
        aria-labelledby="map-title map-about"
        viewBox={`-4 -4 ${world.width + 8} ${world.height + 8}`}
        width="100%"
        preserveAspectRatio="xMidYMid meet"
      >
        <title id="map-title">{view.title}</title>
        <desc id="map-about">{describe(view)}</desc>
        <Patterns of="map" classes={used} />
        {used.map((mapClass) => (
          <g class="map-places" fill={`url(#map-${mapClass})`}>
            {world.places
              .filter(({ code, d }) => d !== '' && classOf(code) === mapClass)
              .map(({ code, name, d }) => (
                <path d={d}>
                  <title>{label(view, { code, name: code === null ? name : nameOf(code) })}</title>
                </path>
              ))}
          </g>
        ))}
        {/* Those with a value last: places that are close hide each other. */}
        {used
          .toReversed()
          .toSorted(byValue)
          .map((mapClass) => (
            <g class="map-dots" fill={`url(#map-${mapClass})`}>
              {world.places.map(({ code, name, dot }) =>
                dot === undefined || code === null || classOf(code) !== mapClass ? null : (
                  <circle cx={dot[0]} cy={dot[1]} r={DOT}>
                    <title>{label(view, { code, name: nameOf(code) || name })}</title>
                  </circle>
                ),
              )}
            </g>
          ))}
      </svg>
      <figcaption>
        <strong>{view.title}.</strong> {view.note}
        <Legend view={view} />
        <MapNotes world={world} view={view} nameOf={nameOf} />
      </figcaption>
    </figure>
  );
}

function describe({ legend, marks, rest }: LayerView): string {
  const counts = legend.filter(({ countries }) => countries !== null && countries > 0).map(({ text, countries }) => `${text}: ${countries}`);
  return `${marks.size === 0 ? 'No country has a value.' : `${counts.join('; ')}.`} All others: ${rest.text}. The table has the value of each country.`;
}

function label({ marks, rest }: LayerView, { code, name }: { readonly code: string | null; readonly name: string }): string {
  return `${name}: ${(code === null ? undefined : marks.get(code)?.text) ?? rest.text}`;
}

function Legend({ view }: { readonly view: LayerView }): JSX.Element {
  return (
    <ul class="map-legend">
      {view.legend.map(({ mapClass, text, countries }) => (
        <li>
          <svg viewBox="0 0 24 16" width="24" height="16" aria-hidden="true">
            <Patterns of={`legend-${mapClass}`} classes={[mapClass]} />
            <rect class="map-key" width="24" height="16" fill={`url(#legend-${mapClass}-${mapClass})`} />
          </svg>
          {text}
          {countries === null ? null : ` (${formatNumber(countries)})`}
        </li>
      ))}
    </ul>
  );
}

function MapNotes({ world, view, nameOf }: MapProps): JSX.Element {
  const drawn = new Set(world.places.flatMap(({ code }) => code ?? []));
  const absent = [...view.marks.keys()].filter((code) => !drawn.has(code));
  return (
    <>
      {view.caveats.map((caveat) => (
        <p>{caveat}</p>
      ))}
      {absent.length === 0 ? null : <p>Not on the map, and in the table: {absent.map(nameOf).join(', ')}.</p>}
      <p>
        Borders are those of Natural Earth (1:50m, as in world-atlas 2.0.2). They are not ours and say nothing about claims: some are disputed. Kosovo, Northern
        Cyprus and Somaliland are drawn and have no code of ISO 3166-1, so they show no value. A dot stands for a place too small to be seen. Equal Earth
        projection: areas are true to each other, and say nothing about figures.
      </p>
    </>
  );
}

/** A ground for each, and something on it: dots, lines, a grid; slanted lines only where nothing is known. */
function Patterns({ of, classes }: { readonly of: string; readonly classes: readonly MapClass[] }): JSX.Element {
  return (
    <defs>
      {classes.map((mapClass) => (
        <pattern id={`${of}-${mapClass}`} width="6" height="6" patternUnits="userSpaceOnUse">
          <rect class={`map-ground map-${mapClass}`} width="6" height="6" />
          <Strokes mapClass={mapClass} />
        </pattern>
      ))}
    </defs>
  );
}

const STROKES: Readonly<Record<MapClass, string | undefined>> = {
  c1: undefined,
  c2: 'M1.5 2h1.5M4.5 5h1.5',
  c3: 'M0 3h6',
  c4: 'M0 3h6M3 0v6',
  c5: undefined,
  none: undefined,
  unknown: 'M-1 1l2-2M0 6l6-6M5 7l2-2',
};

function Strokes({ mapClass }: { readonly mapClass: MapClass }): JSX.Element | null {
  const d = STROKES[mapClass];
  return d === undefined ? null : <path class={`map-stroke map-stroke-${mapClass}`} d={d} />;
}
