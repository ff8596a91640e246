/** The whole record as one text: JSON for machines, Markdown for people. Pure. */
import { CRITERIA } from './definition-schema.ts';
import type { SelfTest } from './lab-schema.ts';
import type { EvidenceMetric, EvidenceView } from './metric-schema.ts';
import type { RecordView, Verification } from './record-schema.ts';

export interface Whole {
  readonly evidence: EvidenceView;
  readonly verification: Verification;
  readonly entries: readonly RecordView[];
  readonly selfTest: SelfTest | null;
}

export function exportJson(whole: Whole): string {
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

export function exportMarkdown({ evidence, verification, entries, selfTest }: Whole): string {
  const { head, isIntact, fault } = verification;
  const lines = [
    '# Age checks: evidence and written record',
    '',
    evidence.about,
    '',
    `Made on ${evidence.generatedAt} by Gatehouse ${evidence.version}. No figure is about fewer than ${evidence.k} checks.`,
    '',
    '## Metrics',
    '',
    ...CRITERIA.flatMap((criterion) => describeCriterion(criterion, evidence.metrics)),
    '## Self-test',
    '',
    selfTest === null
      ? 'This version has had none.'
      : `On ${selfTest.at}, version ${selfTest.version}: ${selfTest.report.cases} presentations, ${selfTest.report.hostileAccepted} hostile ones accepted, ${selfTest.report.genuineWrong} genuine ones not answered rightly, ${selfTest.report.differing} judged differently the second time. Corpus ${selfTest.report.corpus}.`,
    '',
    '## Written record',
    '',
    isIntact
      ? `${verification.entries} entries; the chain is whole. Head ${head.sequence}:${head.hash}`
      : `The chain is broken at entry ${fault?.sequence ?? '?'} (${fault?.reason ?? 'unknown'}).`,
    '',
    ...entries.flatMap(describeEntry),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function describeCriterion(criterion: string, metrics: EvidenceView['metrics']): string[] {
  const own = metrics.filter((metric) => metric.criterion === criterion);
  return [
    `### ${nameCriterion(criterion)}`,
    '',
    '| Metric | State | Value | Why | Threshold |',
    '| --- | --- | --- | --- | --- |',
    ...own.map((metric) => `| ${[metric.title, metric.state, formatValue(metric), metric.reason, formatThreshold(metric)].map(inCell).join(' | ')} |`),
    '',
  ];
}

/** `technical_accuracy` -> `Technical accuracy` */
export function nameCriterion(criterion: string): string {
  return (criterion.charAt(0).toUpperCase() + criterion.slice(1)).replaceAll('_', ' ');
}

type Valued = Pick<EvidenceMetric, 'value' | 'isWithheld' | 'unit'>;

export function formatValue({ value, isWithheld, unit }: Valued): string {
  if (value === null) return isWithheld ? 'withheld' : '-';
  return formatFigure(value, unit);
}

/** `0.98`, `share` -> `98 %` */
export function formatFigure(value: number, unit: Valued['unit']): string {
  if (unit === 'share') return `${Number((value * 100).toFixed(2))} %`;
  if (unit === 'per_10000') return `${value} in 10,000`;
  if (unit === 'count') return String(value);
  const words = { points: 'points', seconds: 's', days: 'days', ratio: 'for each', deviations: 'standard deviations' } as const;
  return `${value} ${words[unit]}`;
}

const SOURCES = { our_proposal: 'our proposal', guidance: 'guidance', operator: 'set by the operator' } as const;

export function formatThreshold({ threshold }: Pick<EvidenceMetric, 'threshold'>): string {
  return threshold === null ? 'none' : `${threshold.text} (${SOURCES[threshold.source]})`;
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

/** Content of people stands in a code block that it cannot end. */
function describeEntry({ sequence, at, kind, actor, cause, changed, content, hash }: RecordView): string[] {
  const shown = changed.filter((pointer) => pointer !== '');
  const text = JSON.stringify(JSON.parse(content), undefined, 2);
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return [
    `### ${sequence}. ${kind === 'review' ? 'Review' : 'Configuration'}, ${at}`,
    '',
    `By ${inCell(actor)} (${inCell(cause)}). ${shown.length === 0 ? '' : `Changed: ${shown.map((pointer) => `\`${pointer.replaceAll('`', '')}\``).join(', ')}. `}Hash ${hash}.`,
    '',
    `${fence}json`,
    text,
    fence,
    '',
  ];
}
