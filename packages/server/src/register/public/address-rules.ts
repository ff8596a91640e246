/** Permanent addresses: nothing in them ever names something else. Pure. */
export const ROOT = '/register';
/** No register can have a name that begins like this. */
export const CHECKS = `${ROOT}/_checks`;
export const FEED = `${ROOT}/feed.atom`;

/** @param subject `iicsa-internet-2020/1`, or a register alone */
export function pathOf(subject: string): string {
  return `${ROOT}/${subject.split('/').map(encodeURIComponent).join('/')}`;
}

/** The exact text of a run of the checks. */
export function runPath(runId: string): string {
  return `${CHECKS}/${runId}/run.json`;
}

/** Its entry in the log, with a proof. */
export function proofPath(runId: string): string {
  return `${CHECKS}/${runId}/proof.json`;
}

export type EntryForm = 'page' | 'jsonld';
export type ListForm = 'page' | 'csv' | 'json' | 'jsonld';

/** `1.jsonld` -> number and form. A publisher's number may have dots, but not these endings. */
export function readEntryName(name: string): { readonly number: string; readonly form: EntryForm } {
  return name.endsWith('.jsonld') ? { number: name.slice(0, -'.jsonld'.length), form: 'jsonld' } : { number: name, form: 'page' };
}

export function readListName(name: string): { readonly register: string; readonly form: ListForm } {
  const [register = '', form] = name.split('.', 2);
  return form === 'csv' || form === 'json' || form === 'jsonld' ? { register, form } : { register: name, form: 'page' };
}
