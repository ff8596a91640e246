/** What is asked about a body, and what is answered. */
import type { Passed, Spooled, SurfaceName } from '../../intake/index.ts';
import type { Principal } from '../../platform/http/rights.ts';

/** A whole body on disk, with the headers that say what it is. */
export interface Body {
  readonly content: Spooled;
  /** Lower-case names. Only those that describe the body are looked at. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface BodyRequest extends Body {
  readonly principal: Principal;
  readonly surface: SurfaceName;
  readonly signal: AbortSignal;
  /** Only a body that is one file can have one. */
  readonly wantsReceipt?: boolean;
}

export type BodyVerdict =
  /** Every piece may go; the body may be forwarded. */
  | { readonly kind: 'release'; readonly pieces: readonly Passed[] }
  /** A piece was not cleared: `passed` is the worst of them (error before match before unscannable). */
  | { readonly kind: 'stop'; readonly passed: Passed; readonly pieces: readonly Passed[] }
  /** The body is of a shape that cannot be taken apart safely: nothing of it may go. */
  | { readonly kind: 'refuse'; readonly reason: BodyRefusal };

export const BODY_REFUSALS = ['malformed', 'content_coding', 'transfer_coding', 'unknown_type', 'nested', 'too_many_parts', 'too_deep', 'disguised'] as const;
export type BodyRefusal = (typeof BODY_REFUSALS)[number];
