/** What the hooks do: take one body, ask intake, forget the bytes. */
import type { Readable } from 'node:stream';
import type { IntakeService, Passed, PassRequest, Spooled } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { Matrix } from './matrix.ts';

export interface HookRequest extends Pick<PassRequest, 'principal' | 'surface' | 'signal' | 'wantsReceipt'> {
  /** Hands over the body, once; whatever it throws, nothing was let through. */
  readonly feed: (sink: (stream: Readable, announced?: { readonly sizeBytes?: number | undefined }, fileName?: string) => Promise<void>) => Promise<void>;
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
      const taken: { content?: Spooled; fileName?: string; isOver?: true } = {};
      try {
        await feed(async (stream, announced, fileName) => {
          if (taken.content !== undefined) throw new GatehouseError('invalid_request', 'Send exactly one file. Nothing was let through.');
          taken.content = await intake.spool(stream, { signal: request.signal, announced: announced === undefined ? [] : [announced] });
          if (fileName !== undefined) taken.fileName = fileName;
          // The body failed while its content was still being written.
          if (taken.isOver) await taken.content.discard();
        });
        if (taken.content === undefined) throw new GatehouseError('invalid_request', 'There was no file in the body. Nothing was let through.');
        return await intake.pass({ ...request, content: taken.content, ...(taken.fileName === undefined ? {} : { fileName: taken.fileName }) });
      } finally {
        taken.isOver = true;
        await taken.content?.discard();
      }
    },
  };
}
