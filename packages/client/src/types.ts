/** Words and shapes. */
export type Direction = 'over' | 'under';
export type Grade = 0 | 1 | 2 | 3 | 4;

export interface AgeQuestion {
  /** 1 to 99 */
  readonly threshold: number;
  readonly direction: Direction;
}

/** What is known of the person at this browser: the answer to one question. Nothing else was learned. */
export interface AgeInfo extends AgeQuestion {
  readonly result: 'true' | 'false';
  /** How sure: 0 claimed, 1 a weak estimate, 2 a provider or a wallet on another device, 3 a verified document or wallet, 4 the same with high assurance. */
  readonly grade: Grade;
}

/** A request, as far as a gate looks at it. A `Request` of the Web is one. */
export interface GateRequest {
  readonly method: string;
  /** Absolute. Only path and query are believed; the origin is the one of the option `siteUrl`. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/**
 * Answers the request, or leaves it to whoever comes next.
 * @param native what the framework calls the request; it is handed to `bindTo`, and `readAge` finds the answer by it
 */
export type GateHandler<Native = unknown> = (request: GateRequest, native?: Native) => Promise<Response | undefined>;

export interface Policy extends AgeQuestion {
  readonly minGrade: Grade;
  readonly onNo: 'refuse' | 'pass';
}

export type AgeVerdict =
  /** Yes, of the least grade or better. */
  | { readonly kind: 'passed'; readonly age: AgeInfo }
  /** The answer is no. Whether it is let through says `onNo`. */
  | { readonly kind: 'no'; readonly age: AgeInfo }
  /** Nothing is known, or not enough. `checkUrl` is where a check begins. */
  | { readonly kind: 'ask'; readonly checkUrl: string }
  /** `bindTo` is set and gave no account: there is nobody whose age it would be. */
  | { readonly kind: 'no_account' };
