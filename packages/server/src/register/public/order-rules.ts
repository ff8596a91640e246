/** In which order recommendations are shown, and what can be chosen. Pure. */
import { compareNumbers, compareText } from '../model/order-rules.ts';
import { REGISTER_STATUSES, type RecommendationView } from '../model/schema.ts';
import type { Choices, Filter } from './schema.ts';

type Compare = (a: RecommendationView, b: RecommendationView) => number;

const COMPARE: Readonly<Record<Filter['order'], Compare>> = {
  number: (a, b) => compareText(a.recommendation.register, b.recommendation.register) || compareNumbers(a.recommendation.number, b.recommendation.number),
  title: (a, b) => compareText(a.recommendation.title, b.recommendation.title),
  status: (a, b) => REGISTER_STATUSES.indexOf(a.registerStatus.status) - REGISTER_STATUSES.indexOf(b.registerStatus.status),
  late: (a, b) => (a.lateness.responseDaysLate ?? -1) - (b.lateness.responseDaysLate ?? -1) || a.lateness.milestonesLate - b.lateness.milestonesLate,
};

/** Ties are by number in both directions. */
export function orderViews(views: readonly RecommendationView[], { order, direction }: Pick<Filter, 'order' | 'direction'>): RecommendationView[] {
  const sign = direction === 'desc' ? -1 : 1;
  return views.toSorted((a, b) => sign * COMPARE[order](a, b) || COMPARE.number(a, b));
}

export function listChoices(views: readonly RecommendationView[]): Choices {
  const unique = (values: readonly string[]): string[] => [...new Set(values)].toSorted(compareText);
  return {
    themes: unique(views.flatMap(({ recommendation }) => recommendation.themes)),
    addressees: unique(views.flatMap(({ recommendation }) => recommendation.addressees)),
  };
}
