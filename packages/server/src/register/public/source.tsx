/** Where something is from. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatDay } from '../../platform/ui/format.ts';
import type { Source } from '../model/schema.ts';
import { isWeb } from './web-rules.ts';

export function SourceLink({ source }: { readonly source: Source }): JSX.Element {
  const { url, publisher, title, licence, retrievedAt, sha256, archivedUrl } = source;
  return (
    <>
      {isWeb(url) ? (
        <a href={url} rel="noreferrer">
          {title}
        </a>
      ) : (
        title
      )}
      <br />
      <span class="quiet">
        {publisher}; retrieved {formatDay(retrievedAt)}
        {licence === null ? '' : `; ${licence}`}
        {isWeb(archivedUrl) ? (
          <>
            ;{' '}
            <a href={archivedUrl} rel="noreferrer">
              archived copy
            </a>
          </>
        ) : null}
      </span>
      {sha256 === null ? null : (
        <>
          <br />
          <span class="quiet">
            SHA-256 <code class="digest">{sha256}</code>
          </span>
        </>
      )}
    </>
  );
}

export function SourceOf({ source }: { readonly source: Source | null }): JSX.Element {
  return source === null ? <p class="quiet">No source is named.</p> : <SourceWithQuote source={source} />;
}

function SourceWithQuote({ source }: { readonly source: Source }): JSX.Element {
  const { quote } = source;
  return (
    <>
      {quote === null ? null : (
        <blockquote class="inset">
          <span class="quiet">{quote.prefix}</span>
          <mark>{quote.exact}</mark>
          <span class="quiet">{quote.suffix}</span>
        </blockquote>
      )}
      <p>
        <SourceLink source={source} />
        {quote === null ? (
          <>
            <br />
            <span class="quiet">The words here are ours.</span>
          </>
        ) : null}
      </p>
    </>
  );
}
