/** Words and shapes of the demonstration: who is in the pretend phone, how it is reached, and what it may do. */
import { z } from 'zod';
import { SessionIdSchema, type AgeSession } from '../sessions/schema.ts';

/** Of the SD-JWT credentials of the demonstration; no other service asks for it. */
export const DEMO_SD_JWT_TYPE = 'urn:gatehouse:demo:pid:1';
export const DEMO_NAME = 'Demonstration';
export const DEMO_PROVIDER = 'demo';
export const TRY_PATH = '/age/try';

export const PEOPLE = ['adult', 'fifteen', 'twelve'] as const;
export type Person = (typeof PEOPLE)[number];

export const DOCUMENTS = ['eu', 'mdl', 'pid'] as const;
export type Document = (typeof DOCUMENTS)[number];

/** How a request reaches the wallet. */
export const LINK_WAYS = ['haip', 'eu'] as const;
export const DC_WAYS = ['org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'] as const;
export const WAYS = [...LINK_WAYS, 'qr', ...DC_WAYS] as const;
export type LinkWay = (typeof LINK_WAYS)[number];
export type DcWay = (typeof DC_WAYS)[number];
export type Way = (typeof WAYS)[number];

/** What hostile wallets and people do. */
export const TRICKS = ['old', 'elsewhere', 'tampered', 'expired', 'muted'] as const;
export type Trick = (typeof TRICKS)[number];
export const ACTS = ['share', 'decline', ...TRICKS] as const;
export type Act = (typeof ACTS)[number];

export const ChoiceSchema = z.object({ person: z.enum(PEOPLE).default('adult'), document: z.enum(DOCUMENTS).default('eu') });
export type Choice = z.output<typeof ChoiceSchema>;
export const ActSchema = z.object({ act: z.enum(ACTS) });

export const QuestionSchema = z.object({
  question: z.enum(['over-18', 'over-16', 'under-13', 'other']).default('over-18'),
  direction: z.enum(['over', 'under']).default('over'),
  threshold: z.string().trim().max(10).default(''),
});
export type QuestionForm = z.output<typeof QuestionSchema>;
export const DoneSchema = z.object({ age_session: SessionIdSchema, age_return: z.string().max(128) });

export interface DemoWay {
  /** Names its elements on the page. */
  readonly id: string;
  readonly title: string;
  readonly hint: string;
  readonly href: `/${string}`;
}

/** What the hosted page of a check offers besides, and only for checks of the demonstration. */
export interface DemoWays {
  /** On the page of a check. Empty for every other service, and where the demonstration is off. */
  offer(session: Pick<AgeSession, 'id' | 'service' | 'methods' | 'minGrade'>): readonly DemoWay[];
  /** Beside the links and the QR code of a request. */
  offerPhone(service: string, requestId: string): readonly DemoWay[];
}

/** JSON whose secrets were taken out. */
export type Shape = string | number | boolean | null | undefined | readonly Shape[] | { readonly [name: string]: Shape };

/** One message over HTTP, as an engineer has to send or to expect it. */
export interface Step {
  /** "The service asks" */
  readonly title: string;
  /** `POST /v1/age/sessions` */
  readonly call: string;
  readonly sent?: Shape;
  readonly status: number;
  readonly got?: Shape;
}

/** What came of an answer of the wallet. */
export type PhoneEnd =
  /** `to`: where the gate sends the person next. */
  | { readonly kind: 'taken' | 'declined' | 'inconclusive'; readonly to: string | undefined; readonly steps: readonly Step[] }
  | { readonly kind: 'refused'; readonly status: number; readonly title: string; readonly detail: string; readonly steps: readonly Step[] }
  /** The wallet holds nothing that was asked for: nothing was sent. */
  | { readonly kind: 'nothing'; readonly steps: readonly Step[] };
