/**
 * What the islands of the age page share: a part that the page holds hidden is shown once it is of use, and says in its `role="status"` what
 * happens. Nothing is sent before the person presses its button.
 */
import { announce } from './dom.ts';

export type Text = 'busy' | 'done' | 'failed' | 'cancelled' | 'declined' | 'late' | 'lost';

/** A text of the part in the page's language: `data-text-busy`. */
export function readText(part: HTMLElement, name: Text): string {
  return part.dataset[`text${name.charAt(0).toUpperCase()}${name.slice(1)}`] ?? '';
}

/** Shows the part, and the section that is hidden while none of its parts is of use. */
export function reveal(part: HTMLElement): void {
  const shown = part;
  shown.hidden = false;
  const section = part.closest<HTMLElement>('[data-age-section]');
  if (section !== null) section.hidden = false;
}

export interface PartActions {
  readonly act: () => Promise<void>;
  /** Which text tells of this failure. */
  readonly explain: (error: unknown) => Text;
}

/** One press at a time; after a failure the button works again. */
export function connect(part: HTMLElement, { act, explain }: PartActions): void {
  const button = part.querySelector('button');
  const status = part.querySelector('[role="status"]');
  button?.addEventListener('click', () => {
    button.disabled = true;
    announce(status, readText(part, 'busy'));
    void act().then(
      () => announce(status, readText(part, 'done')),
      (error: unknown) => {
        announce(status, readText(part, explain(error)) || readText(part, 'failed'));
        button.disabled = false;
      },
    );
  });
  reveal(part);
}

/** The person stopped in the browser's own dialogue. */
export function isCancelled(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError');
}
