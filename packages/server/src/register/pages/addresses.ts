/** Addresses of the console's pages about the register. */
export const HERE = '/console/register';
export const REVIEW = `${HERE}/review`;
export const EXCHANGE = `${HERE}/exchange`;

export function recommendationPath(id: string): `/${string}` {
  return `${HERE}/recommendations/${id}`;
}

export function changePath(id: string): `/${string}` {
  return `${HERE}/changes/${id}`;
}

/** The form for a new change, or for one that takes the place of another. */
export function formPath(
  kind: string,
  { about, replaces, from }: { readonly about?: string; readonly replaces?: string; readonly from?: string },
): `/${string}` {
  const query = new URLSearchParams();
  if (about !== undefined) query.set('about', about);
  if (replaces !== undefined) query.set('replaces', replaces);
  if (from !== undefined) query.set('from', from);
  const text = query.toString();
  return `${HERE}/new/${kind}${text === '' ? '' : `?${text}`}`;
}
