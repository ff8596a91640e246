/**
 * Drawings of states and figures over time. Shape besides colour: a pass fills the height, attention two thirds of it, a failure is striped, and what
 * was not evaluated is a thin line. Each is one image to a screen reader; a table with the same figures stands beside it.
 */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FigurePoint, State, StatePoint } from '../evidence/schema.ts';
import type { StateCount } from './overview-rules.ts';
import { STATE_WORDS } from './word-rules.ts';

const WIDTH = 600;
const STRIP = 40;
const CHART = 120;

const HEIGHTS: Readonly<Record<State, number>> = {
  pass: STRIP,
  fail: STRIP,
  attention: Math.round((STRIP * 2) / 3),
  alternative_measure: STRIP,
  not_evaluated: 4,
  not_applicable: 2,
};

interface Span {
  readonly from: Date;
  readonly to: Date;
}

interface StripProps {
  readonly points: readonly StatePoint[];
  readonly span: Span;
  readonly label: string;
}

/** Narrower than this nobody sees it. */
const WIDTH_MIN = 3;

export function StateStrip({ points, span, label }: StripProps): JSX.Element {
  const x = toX(span);
  return (
    <svg class="chart" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${STRIP}`} width="100%" height={STRIP} preserveAspectRatio="none">
      <Stripes id="strip" />
      {points.map(({ at, state }, index) => {
        const left = x(at);
        const right = x(points[index + 1]?.at ?? span.to);
        const height = HEIGHTS[state];
        const width = Math.max(WIDTH_MIN, right - left);
        return (
          <rect class={`state-${state}`} fill={fillOf(state, 'strip')} x={Math.min(left, WIDTH - width)} y={STRIP - height} width={width} height={height} />
        );
      })}
    </svg>
  );
}

/** Failures are striped; the others have their colour from the style. */
function fillOf(state: State, id: string): string | undefined {
  return state === 'fail' ? `url(#stripes-${id})` : undefined;
}

function Stripes({ id }: { readonly id: string }): JSX.Element {
  return (
    <defs>
      <pattern id={`stripes-${id}`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="stripe-ground" width="6" height="6" />
        <rect class="stripe" width="3" height="6" />
      </pattern>
    </defs>
  );
}

interface FigurePlotProps {
  readonly points: readonly FigurePoint[];
  readonly span: Span;
  /** Drawn as a dashed line. */
  readonly threshold: number | null;
  readonly label: string;
}

/** Gaps where there were no data: nothing is drawn from one side of them to the other. */
export function FigurePlot({ points, span, threshold, label }: FigurePlotProps): JSX.Element {
  const x = toX(span);
  const figures = points.flatMap(({ figure }) => (figure === null ? [] : [figure]));
  const top = Math.max(threshold ?? 0, ...figures, 0) || 1;
  const y = (figure: number): number => Math.round(CHART - (Math.max(0, figure) / top) * CHART);
  const path = points
    .map(({ at, figure }, index) => (figure === null ? '' : `${(points[index - 1]?.figure ?? null) === null ? 'M' : 'L'}${x(at)} ${y(figure)}`))
    .join('');
  return (
    <svg
      class="chart"
      role="img"
      aria-label={label}
      viewBox={`-8 -8 ${WIDTH + 16} ${CHART + 16}`}
      width="100%"
      height={CHART + 16}
      preserveAspectRatio="xMinYMid meet"
    >
      {[0, 1].map((share) => (
        <line x1="0" x2={WIDTH} y1={CHART * share} y2={CHART * share} stroke="currentColor" stroke-opacity="0.25" />
      ))}
      {threshold === null ? null : <line x1="0" x2={WIDTH} y1={y(threshold)} y2={y(threshold)} stroke="currentColor" stroke-dasharray="6 4" />}
      {path === '' ? null : <path d={path} fill="none" stroke="currentColor" stroke-width="2" />}
      {points.length > 60 ? null : points.map(({ at, figure }) => (figure === null ? null : <circle cx={x(at)} cy={y(figure)} r="3" fill="currentColor" />))}
    </svg>
  );
}

/** How many are in which state, as one bar; the counts stand in words below it. */
export function StateBar({ id, counts, label }: { readonly id: string; readonly counts: readonly StateCount[]; readonly label: string }): JSX.Element {
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  let left = 0;
  return (
    <svg class="chart" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} 24`} width="100%" height="24" preserveAspectRatio="none">
      <Stripes id={id} />
      {counts.map(({ state, count }) => {
        const width = total === 0 ? 0 : (count / total) * WIDTH;
        const x = left;
        left += width;
        return width === 0 ? null : <rect class={`state-${state}`} fill={fillOf(state, id)} x={x} y="0" width={Math.max(1, width - 2)} height="24" />;
      })}
    </svg>
  );
}

export interface TrendPoint {
  readonly at: Date;
  readonly pass: number;
  readonly fail: number;
  readonly all: number;
}

/** Passes as a line, failures as a dashed one, out of all that are asked. */
export function Trend({ points, span, label }: { readonly points: readonly TrendPoint[]; readonly span: Span; readonly label: string }): JSX.Element {
  const x = toX(span);
  const top = Math.max(1, ...points.map(({ all }) => all));
  const line = (read: (point: TrendPoint) => number): string =>
    points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.at)} ${Math.round(CHART - (read(point) / top) * CHART)}`).join('');
  return (
    <svg
      class="chart"
      role="img"
      aria-label={label}
      viewBox={`-8 -8 ${WIDTH + 16} ${CHART + 16}`}
      width="100%"
      height={CHART + 16}
      preserveAspectRatio="xMinYMid meet"
    >
      {[0, 1].map((share) => (
        <line x1="0" x2={WIDTH} y1={CHART * share} y2={CHART * share} stroke="currentColor" stroke-opacity="0.25" />
      ))}
      <path d={line(({ pass }) => pass)} fill="none" stroke="currentColor" stroke-width="2" />
      <path d={line(({ fail }) => fail)} fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="4 4" />
    </svg>
  );
}

function toX({ from, to }: Span): (at: Date) => number {
  const length = Math.max(1, to.getTime() - from.getTime());
  return (at) => Math.round(Math.min(1, Math.max(0, (at.getTime() - from.getTime()) / length)) * WIDTH * 10) / 10;
}

/** `Pass: 12, Fail: 1`: what the drawing shows. */
export function sayCounts(counts: readonly StateCount[]): string {
  return counts
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${STATE_WORDS[state].text}: ${count}`)
    .join(', ');
}
