/** The components that pages are made of. All text is escaped by the JSX runtime; nothing here takes markup as a string. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../errors.ts';
import { formatTime } from './format.ts';

export { Button, ButtonGroup, Checkboxes, Field, FileField, Form, LinkButton, Radios, Select, TextArea, type Choice } from './forms.tsx';
export { Pagination, SummaryList, Table, type Column, type SummaryRow } from './tables.tsx';
export { formatBytes, formatCount, formatMs, formatNumber, formatTime } from './format.ts';

interface WithChildren {
  readonly children?: Child;
}

/** The page's one `<h1>`, with what it belongs to above it. */
export function Title({ caption, children }: WithChildren & { readonly caption?: string | undefined }): JSX.Element {
  return (
    <>
      {caption === undefined ? null : <span class="caption">{caption}</span>}
      <h1>{children}</h1>
    </>
  );
}

/** @param errors `at` is the id of the control that it belongs to; `#` before it is not needed */
export function ErrorSummary({
  errors,
  title = 'There is a problem',
}: {
  readonly errors: readonly FieldError[];
  readonly title?: string;
}): JSX.Element | null {
  if (errors.length === 0) return null;
  return (
    <div class="error-summary" role="alert" tabindex={-1} aria-labelledby="error-summary-title">
      <h2 id="error-summary-title">{title}</h2>
      <ul>
        {errors.map((error) => (
          <li>{error.at === '' ? error.message : <a href={`#${error.at}`}>{error.message}</a>}</li>
        ))}
      </ul>
    </div>
  );
}

export function NotificationBanner({
  kind = 'info',
  title,
  children,
}: WithChildren & { readonly kind?: 'info' | 'success'; readonly title?: string }): JSX.Element {
  return (
    <section class={`banner banner-${kind}`} role={kind === 'success' ? 'alert' : 'region'} aria-labelledby="banner-title">
      <h2 id="banner-title" class="banner-title">
        {title ?? (kind === 'success' ? 'Done' : 'Important')}
      </h2>
      <div class="banner-body">{children}</div>
    </section>
  );
}

export function Inset({ children }: WithChildren): JSX.Element {
  return <div class="inset">{children}</div>;
}

export function Warning({ children }: WithChildren): JSX.Element {
  return (
    <div class="warning">
      <span class="warning-icon" aria-hidden="true">
        !
      </span>
      <strong>
        <span class="visually-hidden">Warning: </span>
        {children}
      </strong>
    </div>
  );
}

export function Details({ summary, children, isOpen = false }: WithChildren & { readonly summary: Child; readonly isOpen?: boolean }): JSX.Element {
  return (
    <details class="details" open={isOpen}>
      <summary>
        <span>{summary}</span>
      </summary>
      <div class="details-body">{children}</div>
    </details>
  );
}

export type TagColour = 'grey' | 'green' | 'yellow' | 'red' | 'blue' | 'purple';

export function Tag({ colour = 'grey', children }: WithChildren & { readonly colour?: TagColour }): JSX.Element {
  return <strong class={`tag tag-${colour}`}>{children}</strong>;
}

/** Text of ours in which `backticks` mark what is typed: shown as code. Never for text from outside. */
export function Words({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}</>;
}

export function Time({ iso }: { readonly iso: string | undefined }): JSX.Element {
  return iso === undefined ? <>not yet</> : <time datetime={iso}>{formatTime(iso)}</time>;
}

/** Code that may be wider than the page: a region of its own that scrolls and can be reached with the keyboard. `isCopyable` adds a button where JavaScript runs. */
export function CodeBlock({ label, children, isCopyable = false }: WithChildren & { readonly label: string; readonly isCopyable?: boolean }): JSX.Element {
  return (
    <div class="code-block" data-island={isCopyable ? 'copy' : undefined}>
      <pre tabindex={0} role="region" aria-label={label}>
        <code>{children}</code>
      </pre>
    </div>
  );
}

export interface Figure {
  readonly label: string;
  readonly value: Child;
  readonly note?: Child;
  readonly href?: string | undefined;
}

/** A row of figures, such as what happened today. */
export function Figures({ items }: { readonly items: readonly Figure[] }): JSX.Element {
  return (
    <dl class="figures">
      {items.map((item) => (
        <div class="figure">
          <dt>{item.href === undefined ? item.label : <a href={item.href}>{item.label}</a>}</dt>
          <dd class="figure-value">{item.value}</dd>
          {item.note === undefined ? null : <dd class="figure-note">{item.note}</dd>}
        </div>
      ))}
    </dl>
  );
}

interface ScaleProps {
  readonly value: number;
  readonly max: number;
  /** Up to here it counts; drawn as a shaded part. */
  readonly limit: number;
  /** Says the same in words; the drawing is an image to screen readers. */
  readonly label: string;
}

const SCALE_WIDTH = 200;

/** A short line with a mark on it. Drawn with attributes, because the content-security policy forbids inline styles. */
export function Scale({ value, max, limit, label }: ScaleProps): JSX.Element {
  const toX = (amount: number): number => Math.round((Math.min(Math.max(amount, 0), max) / max) * SCALE_WIDTH);
  return (
    <svg class="scale" role="img" aria-label={label} viewBox={`-6 0 ${SCALE_WIDTH + 12} 20`} width={SCALE_WIDTH + 12} height="20">
      <rect class="scale-line" x="0" y="8" width={SCALE_WIDTH} height="4" rx="2" />
      <rect class="scale-limit" x="0" y="8" width={toX(limit)} height="4" rx="2" />
      <rect class="scale-end" x={toX(limit)} y="4" width="1.5" height="12" />
      <circle class="scale-mark" cx={toX(value)} cy="10" r="6" />
    </svg>
  );
}
