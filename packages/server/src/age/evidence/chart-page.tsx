/** Drawings of weeks. With attributes and the colour of the text: the content-security policy forbids inline styles, and it fits light and dark. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { ChartWeek } from './weekly-rules.ts';

const WIDTH = 600;
const HEIGHT = 120;

interface ChartProps {
  readonly weeks: readonly ChartWeek[];
  /** Says what it shows; the figures stand in a table below, because a drawing is one image to a screen reader. */
  readonly label: string;
}

/** Shares from 0 to 1. A week that is withheld is a gap; one between two gaps is a point. */
export function WeekChart({ weeks, label }: ChartProps): JSX.Element {
  const x = (at: number): number => Math.round(weeks.length < 2 ? WIDTH / 2 : (at / (weeks.length - 1)) * WIDTH);
  const y = (share: number): number => Math.round(HEIGHT - share * HEIGHT);
  const path = weeks.map(({ share }, at) => (share === null ? '' : `${(weeks[at - 1]?.share ?? null) === null ? 'M' : 'L'}${x(at)} ${y(share)}`)).join('');
  return (
    <svg class="chart" role="img" aria-label={label} viewBox={`-8 -8 ${WIDTH + 16} ${HEIGHT + 16}`} width="100%" height={HEIGHT + 16}>
      {[0, 0.5, 1].map((share) => (
        <line x1="0" x2={WIDTH} y1={y(share)} y2={y(share)} stroke="currentColor" stroke-opacity="0.25" />
      ))}
      {path === '' ? null : <path d={path} fill="none" stroke="currentColor" stroke-width="2" />}
      {weeks.map(({ share }, at) => (share === null ? null : <circle cx={x(at)} cy={y(share)} r="4" fill="currentColor" />))}
    </svg>
  );
}
