/** Tables of many columns scroll in a region of their own, which the keyboard reaches. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

export function Scroll({ label, children }: { readonly label: string; readonly children?: Child }): JSX.Element {
  return (
    <div class="table-scroll" role="region" aria-label={label} tabindex={0}>
      {children}
    </div>
  );
}
