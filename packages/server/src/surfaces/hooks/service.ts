/** What the hooks do: take one body, ask intake, forget the bytes. */
import { collect, type Feed, type IntakeService, type Passed, type PassRequest } from '../../intake/index.ts';
import type { Matrix } from './matrix.ts';

export interface HookRequest extends Pick<PassRequest, 'principal' | 'surface' | 'signal' | 'wantsReceipt'> {
  /** Hands over the body, once; whatever it throws, nothing was let through. */
  readonly feed: Feed;
}

export interface HooksService {
  /** @throws {GatehouseError} those of the spool, and what the feed throws */
  screen(request: HookRequest): Promise<Passed>;
  /** Undefined when no homeserver was set. */
  readonly matrix: Matrix | undefined;
}

export function createHooksService(intake: Pick<IntakeService, 'spool' | 'pass'>, matrix: Matrix | undefined): HooksService {
  return {
    matrix,
    async screen({ feed, ...request }) {
      const { signal } = request;
      const content = await collect({ feed, signal }, (stream, announced) => intake.spool(stream, { signal, announced: [announced] }));
      try {
        return await intake.pass({ ...request, content });
      } finally {
        await content.discard();
      }
    },
  };
}
