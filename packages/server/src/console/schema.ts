/** What the console itself offers: the demonstration list and the sample pictures. */
import { z } from 'zod';
import type { ScanReply } from '../intake/index.ts';

/** For `POST /try/samples`: one of the samples, or all. */
export const SampleChoiceSchema = z.object({ sample: z.string().regex(/^[a-z0-9-]{1,60}$|^all$/) });
/** An island asks for the card alone, the browser for a whole page. */
export const PartSchema = z.object({ part: z.enum(['card']).optional() });

export interface Sample {
  /** `recompressed` */
  readonly name: string;
  readonly title: string;
  /** What was done to it, and what to expect. */
  readonly about: string;
  readonly fileName: string;
  readonly contentType: string;
}

/** Known names in the order of the page; a file with another name is offered after them. */
export const SAMPLE_WORDS: Readonly<Record<string, { readonly title: string; readonly about: string }>> = {
  original: { title: 'Original', about: 'One of the generated pictures from which the demonstration list was made.' },
  recompressed: { title: 'Recompressed', about: 'The original, saved again as a JPEG of low quality.' },
  resized: { title: 'Resized', about: 'The original at a smaller size.' },
  flipped: { title: 'Flipped', about: 'The original, mirrored.' },
  rotated: { title: 'Rotated', about: 'The original, turned by 90 degrees.' },
  unrelated: { title: 'Unrelated', about: 'Another generated picture that is on no list.' },
};

export type Demonstration = { readonly state: 'absent' } | { readonly state: 'active' | 'disabled'; readonly listId: string; readonly entries: number };

/** What came of one picture. */
export type Attempt =
  | {
      readonly kind: 'screened';
      readonly name: string;
      readonly reply: ScanReply;
      /** Where a thumbnail is; samples only. */ readonly picture: string | undefined;
    }
  | { readonly kind: 'failed'; readonly name: string; readonly reason: string; readonly remedy: string };

export interface Overview {
  readonly lists: { readonly activeLists: number; readonly entries: number; readonly listSetVersion: number; readonly changedAt: string | undefined };
  readonly uploads: {
    readonly released: number;
    readonly held: number;
    readonly refused: number;
    readonly waiting: number;
    readonly oldestWaitingAt: string | undefined;
  };
  readonly health: readonly { readonly title: string; readonly isWell: boolean; readonly finding: string }[];
  readonly publicUrl: string;
  /** The demonstration of age checks is on. */
  readonly canTryAge: boolean;
}
