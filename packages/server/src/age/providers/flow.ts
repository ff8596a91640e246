/** How checks at providers are run: what the service offers, and what it needs of the sessions. */
import type { Tx } from '../../platform/db/database.ts';
import type { AppContext } from '../../platform/domain.ts';
import type { ConfiguredProviders } from './configuration.ts';
import type { Settled } from './rules.ts';
import type { AgeProvider, AgeQuestion, Declaration, WebhookMessage } from './schema.ts';

/** What this part needs of the sessions. `proof` is the request: cookies and secrets are the sessions' business. */
export interface ProviderSessions<Proof> {
  /** The session, when it is open and belongs to whoever asks. @throws {GatehouseError} */
  findOpen(sessionId: string, proof: Proof): Promise<OpenForProvider>;
  /** Whether it is still open, for answers that come without the person. */
  isOpen(sessionId: string): Promise<OpenForProvider | undefined>;
  /** Once; `gone` when it was completed or expired meanwhile, `held_back` when the device says otherwise and only a way that verifies may go on. */
  complete(sessionId: string, outcome: ProviderOutcome, tx?: Tx): Promise<'completed' | 'gone' | 'held_back'>;
}

export interface OpenForProvider {
  readonly id: string;
  readonly service: string;
  readonly question: AgeQuestion;
  readonly minGrade: number;
  readonly methods: readonly string[] | undefined;
  readonly locale: string;
}

export interface ProviderOutcome extends NonNullable<Settled> {
  readonly method: `provider:${string}`;
  readonly provider: string;
}

export interface OfferedProvider {
  readonly id: string;
  readonly declaration: Declaration;
  readonly mode: AgeProvider['mode'];
  readonly field?: 'email' | 'phone';
}

/** What the page says next. `next`: choose another method. */
export type Ending = 'completed' | 'waiting' | 'next' | 'declined' | 'failed' | 'gone';

export interface ProviderService<Proof> {
  readonly providers: readonly AgeProvider[];
  readonly maxWrongAccept: number;
  /** Those that may be asked now, in the order of the operator's file. */
  offer(session: OpenForProvider): Promise<OfferedProvider[]>;
  start(sessionId: string, providerId: string, proof: Proof): Promise<{ readonly redirectUrl: string }>;
  /** For forms: sends the code; the state goes into the form for it. */
  startForm(request: StartForm, proof: Proof): Promise<{ readonly state: string }>;
  confirm(request: ConfirmForm, proof: Proof): Promise<Ended>;
  finish(providerId: string, query: URLSearchParams, proof: Proof): Promise<Ended>;
  acceptWebhook(providerId: string, message: WebhookMessage): Promise<void>;
  /** Without the one of the demonstration. */
  checkHealth(): Promise<ReadonlyMap<string, boolean>>;
  prune(): Promise<void>;
}

export interface StartForm {
  readonly sessionId: string;
  readonly providerId: string;
  /** What the person typed: passed on, never stored. */
  readonly value: string;
}

export interface ConfirmForm {
  readonly providerId: string;
  readonly state: string;
  readonly code: string;
}

export interface Ended {
  readonly ending: Ending;
  readonly sessionId: string | undefined;
}

export interface ProviderParts<Proof> {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'log' | 'publicUrl'>;
  readonly configured: ConfiguredProviders;
  readonly sessions: ProviderSessions<Proof>;
  readonly count: (provider: string, outcome: string) => void;
}
