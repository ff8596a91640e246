/** What the key of the log may sign besides checkpoints: texts that nobody could take for one. Pure. */

/** `gatehouse.evidence-pack/v1`, as the catalogue begins with `gatehouse.catalogue/v1`. */
const FIRST_LINE = /^gatehouse\.[a-z-]+\/v\d+$/;

/**
 * A checkpoint is a name, a number and a root, a line each, and a log may bear any name: its second line is what tells. So a statement begins with what it
 * is, and its second line is no number.
 */
export function isStatement(text: string): boolean {
  const [first = '', second = '', ...rest] = text.split('\n');
  return FIRST_LINE.test(first) && second !== '' && !/^\d*$/.test(second) && rest.at(-1) === '' && !rest.slice(0, -1).includes('');
}
