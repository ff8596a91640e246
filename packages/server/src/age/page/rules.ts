/** What the page of an age check offers. Pure. */
import type { OfferedProvider } from '../providers/flow.ts';
import { admitsMethod } from '../sessions/rules.ts';
import type { AgeSession } from '../sessions/schema.ts';
import { decideReuse, RECHECK_POLICY } from '../tokens/recheck-rules.ts';
import { bandsFrom } from '../tokens/rules.ts';
import type { Band, VerdictForToken } from '../tokens/schema.ts';
import { isOffered } from '../wallet/rules.ts';
import type { Channel } from '../wallet/schema.ts';

export interface Ways {
  readonly wallets: readonly Channel[];
  /** All attempts with a wallet were used. */
  readonly areAttemptsUsed: boolean;
  /** The least band of an age token that is enough; undefined when none is. */
  readonly tokenBand: Band | undefined;
  readonly hasPasskey: boolean;
  readonly hasUnder: boolean;
}

type Asked = Pick<AgeSession, 'methods' | 'minGrade' | 'attempts' | 'direction'>;

export interface WayLimits {
  readonly attemptsMax: number;
  /** Browsers allow passkeys at our address. */
  readonly canUsePasskeys: boolean;
}

const CHANNELS: readonly Channel[] = ['dc_api', 'redirect', 'qr'];
/** A passkey never shows more (passkeys/rules.ts). */
const PASSKEY_GRADE_MAX = 3;

export function findWays(session: Asked, { attemptsMax, canUsePasskeys }: WayLimits): Ways {
  const wallets = CHANNELS.filter((channel) => isOffered(session, channel));
  const areAttemptsUsed = wallets.length > 0 && session.attempts >= attemptsMax;
  return {
    wallets: areAttemptsUsed ? [] : wallets,
    areAttemptsUsed,
    tokenBand: admitsMethod(session.methods, 'token') ? bandsFrom(session.minGrade)[0] : undefined,
    hasPasskey: canUsePasskeys && session.minGrade <= PASSKEY_GRADE_MAX && admitsMethod(session.methods, 'passkey'),
    hasUnder: admitsDeclaration(session),
  };
}

/**
 * The person's own word. To "18 or older?" it is believed at any grade, because it opens nothing; to "under 13?" it would open something, and
 * counts only where no grade is asked (sessions/rules.ts, `judgeOutcome`).
 */
export function admitsDeclaration({ methods, direction, minGrade }: Pick<AgeSession, 'methods' | 'direction' | 'minGrade'>): boolean {
  return admitsMethod(methods, 'declared_under') && (direction === 'over' || minGrade === 0);
}

/** Whether the end of the check offers to keep it with a passkey: only a yes is. A trust list that changed meanwhile shows when it is tried. */
export function earnsPasskey(verdict: VerdictForToken, now: Date): boolean {
  return verdict.result === 'true' && decideReuse(verdict, { now, generation: verdict.generation, policy: RECHECK_POLICY }).mayReuse;
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
/** E.164 */
const PHONE = /^\+[1-9]\d{6,14}$/;

/** What was typed, as providers want it; undefined when it cannot be right. People write numbers in groups. */
export function readContact(field: NonNullable<OfferedProvider['field']>, typed: string): string | undefined {
  const value = field === 'phone' ? typed.replaceAll(/[\s().-]/g, '') : typed.trim();
  return (field === 'phone' ? PHONE : EMAIL).test(value) ? value : undefined;
}

/** The same page in another language. */
export function inLanguage(path: string, code: string): string {
  const url = new URL(path, 'http://localhost');
  url.searchParams.set('lang', code);
  return `${url.pathname}${url.search}`;
}
