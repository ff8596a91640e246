/** What a provider of age checks is and says. One interface for all of them, with a declaration that the engine takes at its word and no further. */
import { z } from 'zod';

export const PROVIDER_KINDS = ['open_banking', 'photo_id', 'facial_estimation', 'mobile_operator', 'credit_card', 'email', 'digital_id', 'sandbox'] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

/**
 * How an estimator errs for people of one age. Either the standard deviation of its error, with its mean (the bias), or measured rates of
 * passing a challenge age; the worse of the two counts.
 */
export const AgeErrorSchema = z
  .strictObject({
    /** True age in years that this row is about. */
    age: z.number().min(0).max(120),
    /** Standard deviation of (estimate - age), in years. */
    standardDeviation: z.number().positive().max(30).optional(),
    /** Mean of (estimate - age), in years. */
    bias: z.number().min(-20).max(20).default(0),
    /** By challenge age in years: the measured share of people of this age who were estimated at least that old. */
    measuredPassRates: z.record(z.string().regex(/^\d{1,3}$/), z.number().min(0).max(1)).optional(),
  })
  .refine((row) => row.standardDeviation !== undefined || row.measuredPassRates !== undefined, 'needs standardDeviation or measuredPassRates');

export const DeclarationSchema = z.strictObject({
  /** What people are told: "Photo of an identity document". */
  title: z.string().min(1).max(100),
  kind: z.enum(PROVIDER_KINDS),
  /** `verifies`: knows the date of birth or adulthood. `estimates`: guesses an age, with errors by age. */
  basis: z.enum(['verifies', 'estimates']),
  /** By age; needed of every estimator. */
  errors: z.array(AgeErrorSchema).max(120).default([]),
  /** Where the errors were published, for the written record. */
  errorsSource: z.string().max(500).optional(),
  /** ISO/IEC 30107-3 level of presentation-attack detection; needed of every estimator that looks at a face. */
  presentationAttackLevel: z.enum(['none', '1', '2', '3']).default('none'),
  /** Categories of personal data that the provider takes, as people are told. */
  data: z.array(z.string().min(1).max(100)).max(20).default([]),
  /** How long the provider keeps them, as people are told. */
  retention: z.string().max(200).default('not stated'),
  /** ISO 3166-1 alpha-2; empty means everywhere. */
  regions: z
    .array(z.string().regex(/^[A-Z]{2}$/))
    .max(250)
    .default([]),
  /** Whether it can answer "under", and not only "over". */
  canSayUnder: z.boolean().default(false),
  /** The thresholds that it can answer; empty means any. A credit card says 18 and nothing else. */
  thresholds: z.array(z.number().int().min(1).max(99)).max(99).default([]),
});
export type AgeError = z.output<typeof AgeErrorSchema>;
export type Declaration = z.output<typeof DeclarationSchema>;

export interface AgeQuestion {
  readonly threshold: number;
  readonly direction: 'over' | 'under';
}

/** What a provider is given to begin. Nothing here says who the person is, or which session of ours it is. */
export interface ProviderStart {
  readonly question: AgeQuestion;
  /** What an estimator must reach; the threshold itself for verifiers. */
  readonly challengeAge: number;
  /** Random, for this flow alone; comes back with the answer. */
  readonly state: string;
  readonly nonce: string;
  /** PKCE, RFC 7636. */
  readonly codeVerifier: string;
  readonly callbackUrl: string;
  readonly webhookUrl: string;
  readonly locale: string;
}

/** Where the person goes next. `reference` is the provider's own name of the flow, kept until it ends. */
export interface ProviderStarted {
  readonly redirectUrl: string;
  readonly reference?: string;
}

/** What came back in the person's browser, or from the provider's server. */
export interface ProviderReturn {
  readonly query: URLSearchParams;
  readonly start: ProviderStart;
  readonly reference: string | undefined;
}

export interface WebhookMessage {
  /** The raw body, because signatures are over bytes. */
  readonly body: string;
  header(name: string): string | undefined;
}

/**
 * `verified` answers the question that was asked. An estimate in years is judged against the challenge age by the engine, never by the
 * provider. `pending`: the answer comes by webhook.
 */
export type ProviderAnswer =
  | { readonly outcome: 'verified'; readonly isOver: boolean }
  | { readonly outcome: 'estimated'; readonly years: number }
  | { readonly outcome: 'inconclusive' | 'declined' | 'pending' };

interface AnyProvider {
  readonly id: string;
  /** The provider of the demonstration: offered to its service, which is offered no other, and to nobody else. */
  readonly isForDemo?: true;
  readonly declaration: Declaration;
  /** Whether the provider answers at all. */
  checkHealth(): Promise<boolean>;
}

/** The person is sent to the provider's own pages and comes back. */
export interface RedirectProvider extends AnyProvider {
  readonly mode: 'redirect';
  /** @throws {ProviderFault} */
  start(start: ProviderStart): Promise<ProviderStarted>;
  /** @throws {ProviderFault} for an answer that is not authentic, not of this flow, or not understood */
  finish(back: ProviderReturn): Promise<ProviderAnswer>;
  /**
   * An authentic webhook: the flow it is about, by the provider's reference. The answer is then fetched with `finish`, or is in it.
   * @throws {ProviderFault}
   */
  readWebhook?(message: WebhookMessage): Promise<{ readonly reference: string; readonly answer: ProviderAnswer | undefined }>;
}

/** The person gives an address or a number on our page, proves with a code that it is theirs, and the provider says what it knows of it. */
export interface FormProvider extends AnyProvider {
  readonly mode: 'form';
  readonly field: 'email' | 'phone';
  /** Sends the code. What the person typed is passed on and never stored. @throws {ProviderFault} */
  start(start: ProviderStart, value: string): Promise<{ readonly reference: string }>;
  /** @throws {ProviderFault} */
  confirm(back: { readonly reference: string; readonly code: string; readonly start: ProviderStart }): Promise<ProviderAnswer>;
}

export type AgeProvider = RedirectProvider | FormProvider;

/** How providers call out: the guarded client, with its limits and its list of allowed hosts. */
export interface ProviderCall {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProviderTools {
  send(call: ProviderCall): Promise<{ readonly status: number; readonly body: string }>;
  now(): Date;
}

export type ProviderFaultCode =
  /** The provider did not answer in time, or with a fault of its own. */
  | 'provider_unavailable'
  /** A signature, state, nonce, audience or time was wrong. */
  | 'answer_not_authentic'
  /** The answer was authentic and not understood. */
  | 'answer_not_understood'
  /** The provider refused the request: a wrong client id or secret, a changed interface. */
  | 'provider_refused';

/** Messages hold no personal data: they are logged. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly code: ProviderFaultCode;

  constructor(code: ProviderFaultCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
