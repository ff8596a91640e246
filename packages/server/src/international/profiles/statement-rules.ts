/** What makes a statement: values that mean something to the procedure, age, and what an import changes. */
import type { FieldError } from '../../platform/errors.ts';
import { TAKEN_BACK, type KeptStatement, type Statement, type TOPICS } from './schema.ts';

type Topic = (typeof TOPICS)[number];
type Value = Statement['value'];

const DAY_MS = 86_400_000;

/**
 * Days after which a statement should be looked at again, counted from the day for which it is true, else from the day on which its source was read.
 * Contacts and procedures change with people and offices: half a year. Laws, offices and memberships: a year, about the pace at which the sources here are
 * published. Treaties hardly change for one country: two years. A figure belongs to a year and stays true for it: never.
 */
export const STALE_AFTER_DAYS: Readonly<Record<Topic, number | null>> = {
  hotline: 183,
  police: 183,
  regulator: 183,
  procedure: 183,
  law: 365,
  membership: 365,
  treaty: 730,
  figure: null,
};

interface Dated extends Pick<Statement, 'topic' | 'asOf'> {
  readonly source: Pick<Statement['source'], 'retrievedAt'>;
}

export function isStale({ topic, asOf, source }: Dated, now: Date): boolean {
  const days = STALE_AFTER_DAYS[topic];
  return days !== null && now.getTime() - Date.parse(asOf ?? source.retrievedAt) > days * DAY_MS;
}

interface KnownKey {
  readonly topic: Topic;
  /** What a value must be, in words. */
  readonly must: string;
  accepts(value: Value): boolean;
}

const isText = (value: Value): value is string => typeof value === 'string' && value.trim() !== '';
const isListOf =
  (pattern: RegExp) =>
  (value: Value): boolean =>
    isText(value) && value.split(',').every((part) => pattern.test(part.trim()));
const EMAIL: Pick<KnownKey, 'must' | 'accepts'> = {
  must: 'an e-mail address',
  accepts: (value) => isText(value) && /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$/.test(value),
};
const ADDRESS: Pick<KnownKey, 'must' | 'accepts'> = { must: 'an http(s) address', accepts: (value) => isText(value) && /^https?:\/\/\S+$/.test(value) };
const NAME_OR_NONE: Pick<KnownKey, 'must' | 'accepts'> = {
  must: 'a name, or false where it is known that there is none',
  accepts: (value) => isText(value) || value === false,
};
const TEXT: Pick<KnownKey, 'must' | 'accepts'> = { must: 'a text', accepts: isText };

/** Keys that the procedure reads. Others are free. */
export const KNOWN_KEYS: Readonly<Record<string, KnownKey>> = {
  hotline: { topic: 'hotline', ...NAME_OR_NONE },
  hotline_url: { topic: 'hotline', ...ADDRESS },
  hotline_email: { topic: 'hotline', ...EMAIL },
  police: { topic: 'police', ...NAME_OR_NONE },
  police_email: { topic: 'police', ...EMAIL },
  regulator: { topic: 'regulator', ...NAME_OR_NONE },
  regulator_email: { topic: 'regulator', ...EMAIL },
  police_first: { topic: 'procedure', must: 'true or false', accepts: (value) => typeof value === 'boolean' },
  iwf_portal: { topic: 'procedure', ...ADDRESS },
  fallback: { topic: 'procedure', ...TEXT },
  legal_basis: { topic: 'procedure', ...TEXT },
  formats: { topic: 'procedure', must: 'some of xarf, arf, dsa, portal with commas between', accepts: isListOf(/^(xarf|arf|dsa|portal)$/) },
  working_days: { topic: 'procedure', must: 'ISO weekdays with commas between, 1 for Monday', accepts: isListOf(/^[1-7]$/) },
  holidays: {
    topic: 'procedure',
    must: 'days as YYYY-MM-DD with commas between',
    accepts: (value) => isListOf(/^\d{4}-\d{2}-\d{2}$/)(value) && areDays(String(value)),
  },
  time_zone: { topic: 'procedure', must: 'a time zone such as Europe/London', accepts: (value) => isText(value) && isTimeZone(value) },
};

function areDays(list: string): boolean {
  return list.split(',').every((day) => {
    const at = Date.parse(`${day.trim()}T00:00:00Z`);
    // JavaScript makes 2 March of 30 February.
    return Number.isFinite(at) && new Date(at).toISOString().startsWith(day.trim());
  });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** A value as it is typed: true, false and numbers are what they look like; a number stays a text where the key wants one, such as one working day. */
export function parseValue(key: string, text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true';
  if (Object.hasOwn(KNOWN_KEYS, key) && KNOWN_KEYS[key]?.accepts(text) === true) return text;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Nothing when it can be kept. */
export function checkStatement({ topic, key, value }: Pick<Statement, 'topic' | 'key' | 'value'>): FieldError[] {
  const known = Object.hasOwn(KNOWN_KEYS, key) ? KNOWN_KEYS[key] : undefined;
  if (known === undefined) return [];
  if (known.topic !== topic) return [{ at: 'topic', message: `the key ${key} belongs to the topic ${known.topic}` }];
  return value === TAKEN_BACK || known.accepts(value) ? [] : [{ at: 'value', message: `of ${key} must be ${known.must}` }];
}

export function nameStatement({ country, topic, key }: Pick<Statement, 'country' | 'topic' | 'key'>): string {
  return `${country} ${topic} ${key}`;
}

export const SEEDER = 'seed';

interface Arrival {
  readonly statements: readonly Statement[];
  /** In effect now, by `nameStatement`. */
  readonly current: ReadonlyMap<string, KeptStatement>;
  readonly actor: string;
}

/** What of a file is new, what is said already, and what the seed leaves alone because somebody else spoke since. */
export function sortArrivals({ statements, current, actor }: Arrival): { readonly fresh: readonly Statement[]; readonly same: number; readonly left: number } {
  const fresh: Statement[] = [];
  let same = 0;
  let left = 0;
  for (const statement of statements) {
    const before = current.get(nameStatement(statement));
    if (before === undefined) fresh.push(statement);
    else if (isSame(before, statement)) same += 1;
    else if (actor === SEEDER && before.keptBy !== SEEDER) left += 1;
    else fresh.push(statement);
  }
  return { fresh, same, left };
}

/** The digest of the file does not count: a row stays the same when its neighbour changes. The day of reading does: somebody looked again. */
function isSame(a: Statement, b: Statement): boolean {
  const essence = ({ value, text, asOf, caveat, source }: Statement): string =>
    JSON.stringify([value, text, asOf, caveat, source.url, source.publisher, source.title, source.licence, source.retrievedAt]);
  return essence(a) === essence(b);
}
