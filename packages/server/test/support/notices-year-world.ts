/** A made-up year: 84 countries, hosts that move, mailboxes that bounce, persons with office hours. Everything follows from numbers, so that two models see the same. */
import type { Contact, HostingClaim } from '../../src/international/hosting/schema.ts';
import type { Authority } from '../../src/international/notices/schema.ts';
import type { Procedure } from '../../src/international/profiles/schema.ts';
import { makeClaim, makeContact, makeProcedure } from './notices-scene.ts';

export const COUNTRIES = 84;
/** The whole year takes a quarter of an hour: `GATEHOUSE_TEST_YEAR=full`. Without it the first weeks, with fewer reports of the same kinds. */
export const IS_FULL = process.env['GATEHOUSE_TEST_YEAR'] === 'full';
export const REPORTS = IS_FULL ? 2_000 : 300;
export const HOSTS = IS_FULL ? 520 : 120;
export const REPORT_TICKS = (IS_FULL ? 365 : 40) * 24;
/** Until the last one is closed, or only waits for police that never agree. */
export const TICKS = REPORT_TICKS + (IS_FULL ? 100 : 50) * 24;
export const START = new Date('2026-01-01T00:00:00Z');
export const GROUP_HOURS = 24;

/** Of (name, number): the same each time, and without any order. */
export function draw(name: string, number: number, below: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${name}:${number}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % below;
}

export function drawText(name: string, text: string, below: number): number {
  return draw(`${name}/${text}`, 0, below);
}

export const countryOf = (i: number): string => String.fromCharCode(65 + Math.floor(i / 26), 65 + (i % 26));

/** Clocks change on Sundays, which is a working day only where they do not. */
const ZONES = ['Europe/Amsterdam', 'America/New_York', 'Asia/Tokyo', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Australia/Sydney', 'Africa/Lagos', null];

export function procedureOf(i: number): Procedure {
  const country = countryOf(i);
  const hasHotline = i < 45;
  const isSundayWeek = i % 12 === 5;
  const holidays = Array.from({ length: 12 }, (_none, k) => new Date(START.getTime() + draw(`holiday${k}`, i, 500) * 86_400_000).toISOString().slice(0, 10));
  return makeProcedure(country, {
    policeFirst: (['no', 'yes', 'no', 'unknown', 'no'] as const)[i % 5] ?? 'unknown',
    hotline: hasHotline
      ? { name: `Hotline ${country}`, url: `https://hotline-${i}.example.com/`, email: i % 3 === 0 ? `report@hotline-${i}.example.com` : null }
      : null,
    fallback: hasHotline ? null : `The police of ${country}, through INTERPOL`,
    police: i % 4 === 3 ? null : { name: `Police ${country}`, email: i % 6 === 1 ? null : `unit@police-${i}.example.com` },
    regulator: i % 7 === 0 ? { name: `Regulator ${country}`, email: `office@regulator-${i}.example.com` } : null,
    formats: (['xarf', 'arf', 'dsa'] as const).filter((_one, k) => k === i % 4),
    workingDays: isSundayWeek ? [7, 1, 2, 3, 4] : [1, 2, 3, 4, 5],
    holidays,
    timeZone: isSundayWeek ? 'Asia/Dubai' : (ZONES[i % ZONES.length] ?? null),
    legalBasis: `Act ${i}`,
  });
}

export const AUTHORITY: Authority = {
  body: 'Example Hotline',
  law: 'Example Act, section 1',
  countries: Array.from({ length: 64 }, (_none, i) => countryOf(i)),
  contactEmail: 'notices@hotline.example.org',
  deliveryNetworks: true,
};

export const LADDER = {
  remindAfterDays: [1, 3],
  escalateAfterDays: 5,
  closeAfterDays: 10,
  handedCloseAfterDays: 40,
  // `yes` and `unknown` among them; only the first counts.
  policeLimitDays: Object.fromEntries([1, 6, 11, 3, 8].map((i) => [countryOf(i), 4])),
  blockedDays: ['2026-04-03', '2026-12-24', '2026-12-25', '2026-12-26', '2027-01-01'],
};

export const hostName = (host: number): string => `host-${host}.example.org`;

/** Where the host is at a tick: one in nine moves once, one in eleven is behind a delivery network, one in thirty disputed. */
export function placeOf(host: number, tick: number): HostingClaim {
  const movesAt = draw('moves', host, 9) === 0 ? draw('when', host, TICKS) : Number.POSITIVE_INFINITY;
  const hasMoved = tick >= movesAt;
  const country = countryOf(draw(hasMoved ? 'there' : 'here', host, COUNTRIES));
  const net = draw(hasMoved ? 'net there' : 'net', host, 200);
  const network = makeContact(
    'network',
    net % 17 === 0 ? null : `abuse@net-${net}.example.net`,
    net % 13 === 0 ? { problem: 'A placeholder of the registry.' } : {},
  );
  const registrar = makeContact('registrar', `abuse@registrar-${draw('registrar', host, 40)}.example.com`);
  const operator = draw('operator', host, 3) === 0 ? [makeContact('host', `abuse@operator-${host}.example.net`)] : [];
  const name = hostName(host);
  if (draw('edge', host, 11) === 0) {
    const cdn = makeContact('cdn', `abuse@cdn-${host % 3}.example.com`);
    return makeClaim(name, null, { origin: 'edge_origin_unknown', contacts: [cdn, registrar] });
  }
  if (draw('disputed', host, 30) === 0) return makeClaim(name, null, { contacts: [network, registrar] });
  // In the order of the registries, which is not the order of the ladder.
  return makeClaim(name, country, { contacts: draw('no registrar', host, 20) === 0 ? [...operator, network] : [registrar, ...operator, network] });
}

export interface YearReport {
  readonly number: number;
  readonly tick: number;
  readonly host: number;
  readonly url: string;
  readonly isAssessed: boolean;
}

/** Hosts are not equally busy. One address in fifteen is one that was reported before. */
export function listReports(): readonly YearReport[] {
  const ticks = Array.from({ length: REPORTS }, (_none, number) => draw('tick', number, REPORT_TICKS)).toSorted((a, b) => a - b);
  return ticks.map((tick, number) => {
    const isAgain = number > 20 && draw('again', number, 15) === 0;
    const original = isAgain ? number - 1 - draw('which', number, 20) : number;
    const host = Math.min(draw('host', original, HOSTS), draw('host too', original, HOSTS));
    return { number, tick, host, url: `https://${hostName(host)}/item-${original}`, isAssessed: draw('assessed', original, 12) !== 0 };
  });
}

/** The server of the recipient says no. */
export const isRefused = (email: string): boolean => drawText('refused', email, 14) === 0;
/** A person says no. */
export const isRefusedByPerson = (email: string): boolean => drawText('person', email, 11) === 0;

export type YearReply = { readonly kind: 'removed' | 'unavailable' | 'words' | 'not illegal' | 'bounce' | 'automatic'; readonly afterTicks: number };

/** What a recipient does about a notice, of which the first report and the number decide. */
export function replyTo(email: string, { first, sequence }: { readonly first: number; readonly sequence: number }): YearReply | undefined {
  const afterTicks = 1 + draw(`after/${email}/${sequence}`, first, 60);
  if (email.includes('@police')) return draw('police writes', first, 25) === 0 ? { kind: 'words', afterTicks } : undefined;
  const dice = draw(`reply/${email}/${sequence}`, first, 100);
  if (dice < 14) return { kind: 'removed', afterTicks };
  if (dice < 18) return { kind: 'unavailable', afterTicks };
  if (dice < 25) return { kind: 'words', afterTicks };
  if (dice < 27) return { kind: 'not illegal', afterTicks };
  if (dice < 30) return { kind: 'bounce', afterTicks };
  return dice < 40 ? { kind: 'automatic', afterTicks } : undefined;
}

/** Hours of UTC at which persons do their work. */
export const HOURS = { replies: 9, contacts: 10, sheets: 12, police: 15 } as const;

/** What a person makes of a reply that no machine understands. */
export const settlementOf = (kind: YearReply['kind']): 'not_illegal' | null => (kind === 'not illegal' ? 'not_illegal' : null);

/** After how many of their visits a person hears that the police agree; undefined: never. */
export const visitsUntilPolice = (number: number): number | undefined => (number % 11 === 0 ? undefined : 1 + (number % 5));

export type { Contact };
