/**
 * The ladder told a second time, from its description and without its code: reports are small machines that move on from what they were, where the product asks
 * again each time what the history says. Working days are counted in a list of days, and times compared as local texts.
 */
import type { Contact, HostingClaim } from '../../src/international/hosting/schema.ts';
import type { Procedure } from '../../src/international/profiles/schema.ts';
import { AUTHORITY, GROUP_HOURS, isRefused, isRefusedByPerson, LADDER, START, visitsUntilPolice, type YearReport } from './notices-year-world.ts';

const HOUR_MS = 3_600_000;

export interface ModelSend {
  readonly to: string;
  readonly sequence: number;
  readonly reports: readonly number[];
}

interface Told {
  first: number;
  last: number;
  count: number;
}

/** A sheet or form that a person has not dealt with yet. */
interface Sheet {
  readonly key: string;
  readonly scope: Contact['scope'];
}

export interface ModelReport {
  readonly about: YearReport;
  outcome: string | null;
  closedTick: number | null;
  claim: HostingClaim;
  placed: number;
  /** When the first thing about it was written; null: it waits for others of its host. */
  began: number | null;
  told: Map<string, Told>;
  dead: Set<string>;
  sheet: Sheet | null;
  handedByHand: number | null;
  handedByMail: { readonly key: string; readonly tick: number } | null;
  policeTold: number | null;
  policeAgreed: number | null;
  isAnyoneReached: boolean;
  /** A reply that nobody has read. */
  unread: Set<object>;
  wait: 'police' | 'contact' | 'hand' | null;
  visits: number;
}

type Move =
  | { readonly kind: 'mail'; readonly key: string; readonly to: string; readonly scope: Contact['scope']; readonly sequence: number; readonly word: string }
  | { readonly kind: 'sheet'; readonly key: string; readonly scope: Contact['scope']; readonly word: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'wait'; readonly what: ModelReport['wait'] };

const ORDER = ['cdn', 'hotline', 'network', 'host', 'registrar', 'regulator'] as const;

export const keyOf = ({ scope, email, url, name }: Contact): string => `${scope} ${email ?? url ?? name}`;

export class YearModel {
  readonly reports: ModelReport[] = [];
  readonly decisions = new Map<string, 'yes' | 'no'>();
  private tick = 0;
  private readonly calendars = new Map<string, string[]>();
  private readonly texts = new Map<string, string>();
  private readonly deadlines = new Map<string, string>();
  private readonly place: (host: number, tick: number) => HostingClaim;
  private readonly procedures: ReadonlyMap<string, Procedure>;

  constructor(place: (host: number, tick: number) => HostingClaim, procedures: ReadonlyMap<string, Procedure>) {
    this.place = place;
    this.procedures = procedures;
  }

  begin(tick: number): void {
    this.tick = tick;
  }

  report(about: YearReport): void {
    const isKnown = this.reports.some((one) => one.outcome === null && one.about.url === about.url);
    const fresh: ModelReport = { ...this.blank(about), outcome: isKnown ? 'duplicate' : null, closedTick: isKnown ? this.tick : null };
    this.reports.push(fresh);
  }

  private blank(about: YearReport): ModelReport {
    return {
      about,
      outcome: null,
      closedTick: null,
      claim: this.place(about.host, this.tick),
      placed: this.tick,
      began: null,
      told: new Map(),
      dead: new Set(),
      sheet: null,
      handedByHand: null,
      handedByMail: null,
      policeTold: null,
      policeAgreed: null,
      isAnyoneReached: false,
      unread: new Set(),
      wait: null,
      visits: 0,
    };
  }

  close(numbers: readonly number[], outcome: string): void {
    for (const report of this.reports)
      if (numbers.includes(report.about.number) && report.outcome === null) Object.assign(report, { outcome, closedTick: this.tick, wait: null });
  }

  open(): ModelReport[] {
    return this.reports.filter(({ outcome }) => outcome === null);
  }

  approve(): void {
    for (const { claim, wait } of this.open())
      if (wait === 'contact')
        for (const contact of this.contactsOf(claim))
          if (contact.email !== null && contact.problem === null && !this.decisions.has(keyOf(contact)))
            this.decisions.set(keyOf(contact), isRefusedByPerson(contact.email) ? 'no' : 'yes');
  }

  handOver(): void {
    for (const report of this.open()) {
      if (report.sheet === null) continue;
      const { key, scope } = report.sheet;
      report.sheet = null;
      if (scope === 'police') report.policeTold = this.tick;
      else {
        report.isAnyoneReached = true;
        if (scope === 'hotline') report.handedByHand = this.tick;
        report.told.set(key, { first: this.tick, last: this.tick, count: 1 });
      }
    }
  }

  visitPolice(): number[] {
    const agreed: number[] = [];
    for (const report of this.open()) {
      if (report.wait !== 'police') continue;
      report.visits += 1;
      if (report.visits !== visitsUntilPolice(report.about.number) || report.policeAgreed !== null) continue;
      report.policeAgreed = this.tick;
      agreed.push(report.about.number);
    }
    return agreed;
  }

  /** @param mail a notice that came back: nobody reads there */
  bounce(mail: { readonly reports: readonly number[]; readonly key: string; readonly isPolice: boolean; readonly sent: number }): void {
    for (const report of this.open()) {
      if (!mail.reports.includes(report.about.number) || report.placed > mail.sent) continue;
      report.dead.add(mail.key);
      if (mail.isPolice) report.policeTold = null;
    }
  }

  /** Words that wait for a person, about where it was when it was asked. */
  pause(mail: { readonly reports: readonly number[]; readonly sent: number }, reply: object): void {
    for (const report of this.open()) if (mail.reports.includes(report.about.number) && report.placed <= mail.sent) report.unread.add(reply);
  }

  resume(reply: object): void {
    for (const report of this.reports) report.unread.delete(reply);
  }

  contactsOf(claim: HostingClaim): Contact[] {
    const procedure = claim.country === null ? undefined : this.procedures.get(claim.country);
    const base = { source: '', retrievedAt: '', problem: null };
    const office = (scope: Contact['scope'], one: { name: string; email: string | null; url?: string | null } | null | undefined): Contact[] =>
      one === null || one === undefined ? [] : [{ ...base, scope, name: one.name, email: one.email, url: one.url ?? null }];
    const hotline = office('hotline', procedure?.hotline);
    const nobody: Contact = { ...base, scope: 'hotline', name: procedure?.fallback ?? 'own', email: null, url: null };
    return [
      ...(hotline.length === 0 ? [nobody] : hotline),
      ...office('police', procedure?.police),
      ...office('regulator', procedure?.regulator),
      ...claim.contacts,
    ];
  }

  /** Everything that happens at this tick. @returns mails that arrive */
  advance(): ModelSend[] {
    const arrived: ModelSend[] = [];
    const hosts = new Map<number, ModelReport[]>();
    for (const report of this.open()) hosts.set(report.about.host, [...(hosts.get(report.about.host) ?? []), report]);
    for (const reports of hosts.values()) this.advanceHost(reports, arrived);
    return arrived;
  }

  private advanceHost(all: readonly ModelReport[], arrived: ModelSend[]): void {
    let isLookedUp = false;
    for (;;) {
      const reports = all.filter(({ outcome }) => outcome === null);
      const moves = reports.map((report) => ({ report, move: this.next(report, reports) }));
      for (const { report, move } of moves) report.wait = move?.kind === 'wait' ? move.what : report.sheet === null ? null : 'hand';
      const busy = moves.flatMap(({ report, move }) => (move === null || move.kind === 'wait' ? [] : [{ report, move }]));
      if (!isLookedUp && busy.some(({ move }) => move.kind !== 'end')) {
        isLookedUp = true;
        for (const report of reports) this.lookUp(report);
        continue;
      }
      if (busy.length === 0) return;
      const mails = new Map<string, { move: Extract<Move, { kind: 'mail' }>; members: ModelReport[] }>();
      for (const { report, move } of busy) {
        if (move.kind === 'end') Object.assign(report, { outcome: 'no_answer', closedTick: this.tick, wait: null });
        else if (move.kind === 'sheet') {
          report.sheet = { key: move.key, scope: move.scope };
          report.began ??= this.tick;
        } else {
          const name = `${move.word} ${move.key} ${move.sequence}`;
          mails.set(name, { move, members: [...(mails.get(name)?.members ?? []), report] });
        }
      }
      for (const { move, members } of mails.values()) this.send(move, members, arrived);
    }
  }

  private send(move: Extract<Move, { kind: 'mail' }>, members: readonly ModelReport[], arrived: ModelSend[]): void {
    for (const report of members) {
      report.began ??= this.tick;
      if (isRefused(move.to)) report.dead.add(move.key);
      else if (move.scope === 'police') report.policeTold = this.tick;
      else {
        report.isAnyoneReached = true;
        const told = report.told.get(move.key);
        report.told.set(move.key, { first: told?.first ?? this.tick, last: this.tick, count: (told?.count ?? 0) + 1 });
        if (move.scope === 'hotline') report.handedByMail = { key: move.key, tick: this.tick };
      }
    }
    if (!isRefused(move.to)) arrived.push({ to: move.to, sequence: move.sequence, reports: members.map(({ about }) => about.number) });
  }

  private lookUp(report: ModelReport): void {
    const now = this.place(report.about.host, this.tick);
    const isElsewhere = now.country !== report.claim.country || (now.country === null && now.origin !== report.claim.origin);
    if (isElsewhere) Object.assign(report, { ...this.blank(report.about), visits: report.visits });
    else report.claim = now;
  }

  private next(report: ModelReport, ofHost: readonly ModelReport[]): Move | null {
    if (report.unread.size > 0 || report.sheet !== null) return null;
    const { country, origin } = report.claim;
    const mayWrite = report.about.isAssessed && (country === null ? origin === 'edge_origin_unknown' : AUTHORITY.countries.includes(country));
    const isReady = this.tick >= this.startOf(report, ofHost);
    if (!mayWrite) return this.toHotline(report, isReady);
    const gate = this.police(report, isReady);
    return gate === 'open' ? this.climb(report, isReady) : gate;
  }

  private startOf(report: ModelReport, ofHost: readonly ModelReport[]): number {
    if (report.began !== null) return report.began;
    const waiting = ofHost.filter((one) => one.began === null && one.claim.country === report.claim.country);
    return Math.min(...waiting.map(({ placed }) => placed)) + GROUP_HOURS;
  }

  private toHotline(report: ModelReport, isReady: boolean): Move | null {
    const contact = this.contactsOf(report.claim).find(({ scope }) => scope === 'hotline');
    const byMail = report.handedByMail !== null && !report.dead.has(report.handedByMail.key) ? report.handedByMail.tick : -1;
    const handed = Math.max(byMail, report.handedByHand ?? -1);
    if (handed >= 0) return this.isPast(report, handed, LADDER.handedCloseAfterDays) ? { kind: 'end' } : null;
    if (!isReady || this.isBlocked(report) || contact === undefined) return null;
    return { kind: 'sheet', key: keyOf(contact), scope: 'hotline', word: 'hand' };
  }

  private police(report: ModelReport, isReady: boolean): 'open' | Move | null {
    const { country } = report.claim;
    const rule = country === null ? 'no' : (this.procedures.get(country)?.policeFirst ?? 'unknown');
    if (rule === 'no' || report.policeAgreed !== null) return 'open';
    const unit = this.contactsOf(report.claim).find((one) => one.scope === 'police' && this.decisions.get(keyOf(one)) !== 'no' && !report.dead.has(keyOf(one)));
    if (report.policeTold === null && unit !== undefined) return isReady ? this.tell(report, unit, 'police') : null;
    const days = rule === 'yes' ? (LADDER.policeLimitDays as Record<string, number>)[country ?? ''] : undefined;
    if (report.policeTold !== null && days !== undefined && this.isPast(report, report.policeTold, days)) return 'open';
    return { kind: 'wait', what: 'police' };
  }

  private tell(report: ModelReport, contact: Contact, word: string): Move | null {
    const key = keyOf(contact);
    if (contact.email === null) return this.isBlocked(report) ? null : { kind: 'sheet', key, scope: contact.scope, word };
    if (this.decisions.get(key) !== 'yes') return { kind: 'wait', what: 'contact' };
    if (this.isBlocked(report)) return null;
    return { kind: 'mail', key, to: contact.email, scope: contact.scope, sequence: 1, word };
  }

  private climb(report: ModelReport, isReady: boolean): Move | null {
    const rungs = this.rungsOf(report);
    const reached = rungs.filter((contact) => report.told.has(keyOf(contact)));
    const here = reached.at(-1);
    if (here === undefined) {
      const [lowest] = rungs;
      if (lowest === undefined) return this.toHotline(report, isReady);
      return isReady ? this.tell(report, lowest, report.isAnyoneReached ? 'further' : 'first') : null;
    }
    const told = report.told.get(keyOf(here));
    if (told === undefined) return null;
    const isRested = this.isPast(report, told.last, 1);
    const days = LADDER.remindAfterDays[told.count - 1];
    if (days !== undefined && here.email !== null) {
      if (!isRested || !this.isPast(report, told.first, days) || this.isBlocked(report)) return null;
      return { kind: 'mail', key: keyOf(here), to: here.email, scope: here.scope, sequence: told.count + 1, word: 'again' };
    }
    const above = rungs[rungs.indexOf(here) + 1];
    if (above === undefined) return isRested && this.isPast(report, told.first, LADDER.closeAfterDays) ? { kind: 'end' } : null;
    return isRested && this.isPast(report, told.first, LADDER.escalateAfterDays) ? this.tell(report, above, 'further') : null;
  }

  private rungsOf(report: ModelReport): Contact[] {
    const all = this.contactsOf(report.claim).filter((one) => {
      const said = this.decisions.get(keyOf(one));
      return said !== 'no' && (one.problem === null || said === 'yes') && (one.email !== null || one.url !== null) && !report.dead.has(keyOf(one));
    });
    return ORDER.flatMap((scope) => {
      const ofScope = all.filter((one) => one.scope === scope);
      const best = ofScope.find((one) => report.told.has(keyOf(one))) ?? ofScope.find((one) => this.decisions.get(keyOf(one)) === 'yes') ?? ofScope[0];
      return best === undefined ? [] : [best];
    });
  }

  private zoneOf(report: ModelReport): string {
    return (report.claim.country === null ? null : this.procedures.get(report.claim.country)?.timeZone) ?? 'UTC';
  }

  /** `2026-11-25 12:00:00` on the clocks there. */
  private textOf(tick: number, zone: string): string {
    const name = `${tick} ${zone}`;
    let text = this.texts.get(name);
    if (text === undefined) {
      text = new Date(START.getTime() + tick * HOUR_MS).toLocaleString('sv-SE', { timeZone: zone });
      this.texts.set(name, text);
    }
    return text;
  }

  private isBlocked(report: ModelReport): boolean {
    return LADDER.blockedDays.includes(this.textOf(this.tick, this.zoneOf(report)).slice(0, 10));
  }

  /** Whether so many working days have gone by, to the minute. */
  private isPast(report: ModelReport, since: number, days: number): boolean {
    const zone = this.zoneOf(report);
    const name = `${report.claim.country} ${since} ${days}`;
    let deadline = this.deadlines.get(name);
    if (deadline === undefined) {
      const [day = '', time = ''] = this.textOf(since, zone).split(' ');
      const working = this.workingDays(report.claim.country);
      deadline = `${working[working.findIndex((one) => one > day) + days - 1]} ${time}`;
      this.deadlines.set(name, deadline);
    }
    return this.textOf(this.tick, zone) >= deadline;
  }

  private workingDays(country: string | null): string[] {
    const name = country ?? '';
    let days = this.calendars.get(name);
    if (days === undefined) {
      const procedure = country === null ? undefined : this.procedures.get(country);
      const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
      const working = (procedure?.workingDays ?? [1, 2, 3, 4, 5]).map((number) => names[number % 7]);
      days = Array.from({ length: 800 }, (_none, i) => new Date(START.getTime() + (i - 2) * 24 * HOUR_MS))
        .filter((date) => working.includes(date.toUTCString().slice(0, 3)))
        .map((date) => date.toISOString().slice(0, 10))
        .filter((date) => procedure?.holidays.includes(date) !== true);
      this.calendars.set(name, days);
    }
    return days;
  }
}
