/** Shares over time, one small drawing for each country: lines that cross in one drawing need colours to be told apart. The table below has the figures. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Table } from '../../platform/ui/components.tsx';
import { formatShare } from './layer-rules.ts';
import type { SharePoint } from './schema.ts';
import { Scroll } from './scroll-part.tsx';

const WIDTH = 280;
const HEIGHT = 80;
const SHOWN = 6;

interface SharePlotsProps {
  readonly points: readonly SharePoint[];
  readonly nameOf: (country: string) => string;
  /** `month`, `quarter` */
  readonly unit: string;
}

export function SharePlots({ points, nameOf, unit }: SharePlotsProps): JSX.Element {
  const times = [...new Set(points.map(({ month }) => month))];
  const countries = rankCountries(points).slice(0, SHOWN);
  if (countries.length === 0) return <p class="empty">No share could be shown for any {unit} yet.</p>;
  const seriesOf = (country: string): (number | null)[] =>
    times.map((time) => points.find((point) => point.country === country && point.month === time)?.share ?? null);
  return (
    <>
      <div class="plots">
        {countries.map((country) => (
          <SharePlot name={nameOf(country)} times={times} shares={seriesOf(country)} />
        ))}
      </div>
      <Scroll label={`Shares by ${unit}`}>
        <Table
          caption={unit === 'month' ? 'Share of reports by month, of those whose country is known' : 'Share of reports by quarter, of all'}
          rows={times}
          empty=""
          columns={[
            { heading: unit === 'month' ? 'Month' : 'Quarter', isRowHeading: true, cell: (time) => time },
            ...countries.map((country) => ({
              heading: nameOf(country),
              isNumeric: true,
              cell: (time: string) => {
                const share = points.find((point) => point.country === country && point.month === time)?.share ?? null;
                return share === null ? 'few or none' : formatShare(share);
              },
            })),
          ]}
        />
      </Scroll>
    </>
  );
}

/** By their largest share: one that was large once is why the drawing is looked at. */
function rankCountries(points: readonly SharePoint[]): string[] {
  const largest = new Map<string, number>();
  for (const { country, share } of points) if (share !== null) largest.set(country, Math.max(share, largest.get(country) ?? 0));
  return [...largest].toSorted(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([country]) => country);
}

function SharePlot({
  name,
  times,
  shares,
}: {
  readonly name: string;
  readonly times: readonly string[];
  readonly shares: readonly (number | null)[];
}): JSX.Element {
  const x = (index: number): number => Math.round(times.length < 2 ? WIDTH / 2 : (index / (times.length - 1)) * WIDTH);
  const y = (share: number): number => Math.round(HEIGHT - share * HEIGHT);
  const path = shares.map((share, index) => (share === null ? '' : `${(shares[index - 1] ?? null) === null ? 'M' : 'L'}${x(index)} ${y(share)}`)).join('');
  const said = shares.flatMap((share, index) => (share === null ? [] : [`${times[index] ?? ''} ${formatShare(share)}`]));
  return (
    <figure class="plot">
      <figcaption>{name}</figcaption>
      <svg role="img" aria-label={`Share of ${name}: ${said[0] ?? ''} to ${said.at(-1) ?? ''}`} viewBox={`-6 -6 ${WIDTH + 12} ${HEIGHT + 12}`} width="100%">
        {[0, 0.5, 1].map((share) => (
          <line x1="0" x2={WIDTH} y1={y(share)} y2={y(share)} stroke="currentColor" stroke-opacity="0.25" />
        ))}
        <path d={path} fill="none" stroke="currentColor" stroke-width="2" />
        {shares.map((share, index) => (share === null ? null : <circle cx={x(index)} cy={y(share)} r="2.5" fill="currentColor" />))}
      </svg>
    </figure>
  );
}
