/** Whom a gate lets through, and where it may send a browser. Pure. */
import type { AgeQuestion } from '../sessions/schema.ts';
import type { GatePolicy, GatePass, GateVerdict } from './schema.ts';

const PATH_LENGTH_MAX = 2000;
/** Where the gate itself stands: nobody is sent back to a way of beginning. */
const OWN = '/age/gate/';

/** A path of the same site, whatever the browser makes of it (WHATWG URL, "special authority slashes": `//`, `/\`); else the root. */
export function toLocalPath(text: string | undefined): `/${string}` {
  if (text === undefined || text.length > PATH_LENGTH_MAX || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return '/';
  const base = 'https://site.invalid';
  if (!URL.canParse(text, base) || new URL(text, base).origin !== base) return '/';
  return text.startsWith(OWN) ? '/' : (text as `/${string}`);
}

export function isSameQuestion(a: AgeQuestion, b: AgeQuestion): boolean {
  return a.threshold === b.threshold && a.direction === b.direction;
}

/** A "no" needs no grade: it opens nothing. */
export function judgePass(policy: GatePolicy, pass: GatePass | undefined): GateVerdict {
  if (pass === undefined) return { kind: 'ask' };
  if (pass.result === 'false') return { kind: 'no', pass };
  return pass.grade >= policy.minGrade ? { kind: 'passed', pass } : { kind: 'ask' };
}

/** Where a check begins. */
export function startPath({ service, question, minGrade }: GatePolicy, to: string): `/${string}` {
  const query = new URLSearchParams({ service, [question.direction]: String(question.threshold), grade: String(minGrade), to });
  return `${OWN}start?${query.toString()}`;
}
