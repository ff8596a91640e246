/** From a whole body to one of four outcomes. No rule about content is here: `bodies` and intake decide, and pieces of files are held back. */
import { GatehouseError, toGatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { Spooled } from '../../intake/index.ts';
import { createBodyScreener, type BodyVerdict } from '../bodies/index.ts';
import { createFragmentWatch } from '../fragments.ts';
import { principalOf, type SurfaceParts } from '../room.ts';
import { describeBody, isPart } from './body-rules.ts';
import type { IcapHead, InnerHead } from './protocol-rules.ts';

export type Outcome =
  | { readonly kind: 'release' }
  /** `isOpen`: nothing was found, the content could not be decided. */
  | { readonly kind: 'block'; readonly message: string; readonly isOpen: boolean }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'busy' };

export interface Question {
  readonly head: IcapHead;
  readonly inner: ReadonlyMap<string, InnerHead>;
  readonly peer: string;
  readonly signal: AbortSignal;
}

export interface Judge {
  judge(content: Spooled, question: Question): Promise<Outcome>;
  /** For a body that could not be taken. */
  explain(error: unknown): Outcome;
}

export function createJudge({ context, intake, screening }: SurfaceParts): Judge {
  const { config, clock, log } = context;
  const screenBody = createBodyScreener({ intake, screening, limits: config });
  const principal = principalOf('icap');
  const fragments = createFragmentWatch(clock, config.surfaceFragmentBytes);
  /** The same words for whatever is not let through, with a reference that the log explains. */
  const refuse = (reason: string): Outcome => {
    const reference = newId<'ScanId'>('scn', clock);
    log.info({ surface: 'icap', reference, reason }, 'content was not let through');
    return { kind: 'block', message: `This file could not be published. Reference ${reference}`, isOpen: true };
  };
  /** Asked about every body, also one that is not let through anyway: it may be the first piece. */
  const isFragment = ({ sizeBytes }: Spooled, verdict: BodyVerdict, peer: string): boolean => {
    const pieces = verdict.kind === 'refuse' ? [] : verdict.pieces;
    return fragments.isFragment(peer, { sizeBytes, mediaType: pieces.find(({ mediaType }) => mediaType !== undefined)?.mediaType });
  };
  return {
    async judge(content, { head, inner, peer, signal }) {
      const { headers } = describeBody(head, inner);
      const verdict: BodyVerdict =
        headers === undefined ? { kind: 'refuse', reason: 'malformed' } : await screenBody({ content, headers, principal, surface: 'icap', signal });
      const isPiece = isFragment(content, verdict, peer) || isPart(head, inner, content.sizeBytes);
      switch (verdict.kind) {
        case 'release':
          return isPiece ? refuse('fragment') : { kind: 'release' };
        case 'refuse':
          return refuse(verdict.reason);
        case 'stop':
          if (verdict.passed.verdict === 'error') return { kind: 'undecided' };
          return { kind: 'block', message: verdict.passed.message, isOpen: verdict.passed.verdict !== 'match' };
      }
    },
    explain(error) {
      const { code } = error instanceof GatehouseError ? error : toGatehouseError(error);
      if (code === 'too_large') return refuse(code);
      log.warn({ surface: 'icap', code }, 'content could not be taken; it was not let through');
      return code === 'queue_full' || code === 'storage_full' || code === 'database_unavailable' ? { kind: 'busy' } : { kind: 'undecided' };
    },
  };
}
