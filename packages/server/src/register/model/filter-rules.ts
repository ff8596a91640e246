/** Which recommendations are shown. */
import type { RecommendationView, RegisterService } from './schema.ts';

type Filter = NonNullable<Parameters<RegisterService['list']>[0]>;

/** Parts of the filter that are left out or empty let everything through. Text is looked for in number, title, text and responses, each word somewhere. */
export function matchesFilter(view: RecommendationView, { register, status, theme, addressee, text }: Filter): boolean {
  const { recommendation } = view;
  return (
    isOpenOr(register, (wanted) => recommendation.register === wanted) &&
    isOpenOr(status, (wanted) => view.registerStatus.status === wanted) &&
    isOpenOr(theme, (wanted) => recommendation.themes.includes(wanted)) &&
    isOpenOr(addressee, (wanted) => recommendation.addressees.includes(wanted)) &&
    isOpenOr(text, (wanted) => hasWords(view, wanted))
  );
}

function isOpenOr(wanted: string | undefined, test: (wanted: string) => boolean): boolean {
  return wanted === undefined || wanted === '' || test(wanted);
}

function hasWords({ recommendation: { number, title, text }, responses }: RecommendationView, wanted: string): boolean {
  const all = [number, title, text, ...responses.map((one) => one.text)].join('\n').toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
