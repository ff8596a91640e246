/** A badge to embed: an SVG without script, style or anything from elsewhere. Pure. */
import { STATUS_WORDS } from '../model/status-rules.ts';
import type { RecommendationView } from '../model/schema.ts';
import { escapeXml } from './feed-rules.ts';

const HEIGHT = 20;
const PADDING = 7;
/** Of the widest common letters at 11 px; `textLength` fits the text into it whatever font is there. */
const LETTER = 6.6;
const GROUND = '#3d4447';
/** With white text at least 4.5:1 (WCAG 2.2, 1.4.3). */
const COLOURS: Readonly<Record<RecommendationView['registerStatus']['status'], string>> = {
  complete: '#00703c',
  ongoing: '#1d70b8',
  under_way: '#1d70b8',
  not_started: '#6f5c00',
  stalled: '#b3220b',
  disputed: '#b3220b',
  superseded: '#54319f',
  not_assessed: '#505a5f',
};

export function drawBadge({ recommendation, registerStatus }: RecommendationView): string {
  const label = `Recommendation ${recommendation.number}`;
  const words = STATUS_WORDS[registerStatus.status];
  const [left, right] = [widthOf(label), widthOf(words)];
  const name = escapeXml(`${label}: ${words}`);
  const text = (content: string, at: { readonly x: number; readonly width: number }): string =>
    `<text x="${at.x + PADDING}" y="14" textLength="${at.width - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">${escapeXml(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${HEIGHT}" viewBox="0 0 ${left + right} ${HEIGHT}" role="img" aria-label="${name}">`,
    `<title>${name}</title>`,
    `<rect width="${left}" height="${HEIGHT}" fill="${GROUND}"/>`,
    `<rect x="${left}" width="${right}" height="${HEIGHT}" fill="${COLOURS[registerStatus.status]}"/>`,
    `<g fill="#fff" font-family="Arial, Helvetica, sans-serif" font-size="11">${text(label, { x: 0, width: left })}${text(words, { x: left, width: right })}</g>`,
    '</svg>',
    '',
  ].join('\n');
}

function widthOf(text: string): number {
  return Math.ceil(text.length * LETTER) + 2 * PADDING;
}
