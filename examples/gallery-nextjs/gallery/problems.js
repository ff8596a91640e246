/** What a page says after a picture was not published. No text comes from the address; a reference only in its own form. */
const REFERENCE = /^[a-z]{3}_[0-9a-z]{26}$/;
const TEXTS = {
  refused: 'This file could not be published.',
  later: 'This file cannot be checked at the moment. It was not published. Please try again later.',
  kind: 'Only JPEG, PNG, WebP, GIF and AVIF pictures are published here.',
  size: 'The file is larger than 20 MB. It was not published.',
  incomplete: 'Choose one picture, and give it a title and a description.',
};

export function toProblemPath(problem, reference) {
  return `/new?${new URLSearchParams({ problem, ...(reference === undefined ? {} : { reference }) })}`;
}

export function readProblem({ problem, reference }) {
  if (typeof problem !== 'string' || !Object.hasOwn(TEXTS, problem)) return undefined;
  const isShown = typeof reference === 'string' && REFERENCE.test(reference);
  return isShown ? `${TEXTS[problem]} Reference ${reference}.` : TEXTS[problem];
}
