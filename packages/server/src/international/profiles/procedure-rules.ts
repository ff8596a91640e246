/** How a report reaches somebody who may act in a country, as far as statements say. What nobody said stays unknown. */
import { TAKEN_BACK, type KeptStatement, type Procedure, type ProcedureBasis, type YesNoUnknown } from './schema.ts';
import { KNOWN_KEYS } from './statement-rules.ts';

type Formats = Procedure['formats'];
type Said = ReadonlyMap<string, KeptStatement>;

const FORMATS: Formats = ['xarf', 'arf', 'dsa', 'portal'];
const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5];

/** @param statements those in effect for the country */
export function readProcedure(country: string, statements: readonly KeptStatement[]): Procedure {
  const said: Said = new Map(
    statements.filter(({ topic, key, value }) => KNOWN_KEYS[key]?.topic === topic && value !== TAKEN_BACK).map((statement) => [statement.key, statement]),
  );
  const workingDays = readList(said, 'working_days').map(Number);
  const hotline = readOffice(said, 'hotline');
  const basis = [...said.values()].map(toBasis);
  return {
    country,
    policeFirst: readPoliceFirst(said),
    hotline: hotline === null ? null : { ...hotline, url: readText(said, 'hotline_url') },
    police: readOffice(said, 'police'),
    regulator: readOffice(said, 'regulator'),
    fallback: hotline === null ? findFallback(said) : null,
    formats: FORMATS.filter((format) => readList(said, 'formats').includes(format)),
    workingDays: workingDays.length > 0 ? [...new Set(workingDays)].toSorted((a, b) => a - b) : MONDAY_TO_FRIDAY,
    areWorkingDaysKnown: workingDays.length > 0,
    holidays: readList(said, 'holidays').toSorted(),
    timeZone: readText(said, 'time_zone'),
    legalBasis: readText(said, 'legal_basis'),
    staleKeys: basis.filter((one) => one.isStale).map(({ key }) => key),
    basis,
  };
}

/** Whether there is a hotline of the country's own; `no` only when somebody looked. */
export function readHotline(statements: readonly Pick<KeptStatement, 'topic' | 'key' | 'value'>[]): YesNoUnknown {
  const value = statements.find(({ topic, key }) => topic === 'hotline' && key === 'hotline')?.value;
  if (value === undefined || value === TAKEN_BACK) return 'unknown';
  return value === false ? 'no' : 'yes';
}

function readPoliceFirst(said: Said): Procedure['policeFirst'] {
  const value = said.get('police_first')?.value;
  if (value === undefined) return 'unknown';
  return value === true ? 'yes' : 'no';
}

function readOffice(said: Said, key: string): { readonly name: string; readonly email: string | null } | null {
  const name = readText(said, key);
  return name === null ? null : { name, email: readText(said, `${key}_email`) };
}

/**
 * The way where a country has no hotline (capability 12 of the Model National Response: that country's hotline, else its police through INTERPOL;
 * international-and-register.md, sections 1.2 and 2.1): what somebody said for this country, a portal of the IWF where there is one, the police, the
 * regulator, and the host alone. With a hotline that nobody looked for it is the same, and says so.
 */
function findFallback(said: Said): string {
  const own = readText(said, 'fallback');
  if (own !== null) return own;
  const lead = said.has('hotline') ? 'There is no hotline.' : 'Whether there is a hotline is not known.';
  const portal = readText(said, 'iwf_portal');
  if (portal !== null) return `${lead} Portal of the IWF: ${portal}`;
  const police = readText(said, 'police');
  if (police !== null) return `${lead} The national police (${police}), through INTERPOL.`;
  const regulator = readText(said, 'regulator');
  if (regulator !== null) return `${lead} The regulator (${regulator}).`;
  return `${lead} No portal, police unit or regulator is recorded: the national police through INTERPOL, else the host alone.`;
}

function readText(said: Said, key: string): string | null {
  const value = said.get(key)?.value;
  return typeof value === 'string' ? value : null;
}

function readList(said: Said, key: string): string[] {
  return (readText(said, key) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function toBasis({ key, id, asOf, isStale, caveat }: KeptStatement): ProcedureBasis {
  return { key, statementId: id, asOf, isStale, caveat };
}
