/** What would happen with one picture, and why. The same card for the whole page and for the island. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { describeDisposition, DispositionTag, ScreeningExplanation } from '../intake/index.ts';
import { formatBytes } from '../platform/ui/components.tsx';
import type { Attempt } from './schema.ts';

const CARD_CLASSES = { release: 'card-clear', hold: 'card-held', refuse: 'card-refused' } as const;

/** `data-outcome` is what the island says aloud. */
export function ResultCard({ attempt }: { readonly attempt: Attempt }): JSX.Element {
  if (attempt.kind === 'failed') {
    return (
      <li data-outcome="not screened">
        <div class="card card-plain card-refused">
          <div>
            <h3>{attempt.name}</h3>
            <p class="card-outcome">
              <strong>Not screened.</strong> {attempt.reason}
            </p>
            <p>{attempt.remedy}</p>
          </div>
        </div>
      </li>
    );
  }
  const { reply, picture, name } = attempt;
  return (
    <li data-outcome={describeDisposition(reply.disposition, true).toLowerCase()}>
      <div class={`card ${CARD_CLASSES[reply.disposition]}${picture === undefined ? ' card-plain' : ''}`}>
        {picture === undefined ? null : (
          <div class="card-picture">
            <img src={picture} alt="" />
          </div>
        )}
        <div>
          <h3>{name}</h3>
          <p class="card-outcome">
            <DispositionTag disposition={reply.disposition} isTrial /> <span class="quiet">{formatBytes(reply.sizeBytes)}</span>
          </p>
          <ScreeningExplanation screening={reply} headingLevel={4} />
        </div>
      </div>
    </li>
  );
}
