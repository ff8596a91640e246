/** The hand-over sheet for print: one page for a folder or a fax, no script, no style, no link that could be followed by mistake. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { disarm, toLine, toMinute, toUri } from './clean-rules.ts';
import type { NoticeContent, NoticeItem } from './schema.ts';
import { describeClaim } from './text-rules.ts';

export function HandoverSheet({ content }: { readonly content: NoticeContent }): JSX.Element {
  const { authority, recipient } = content;
  return (
    <article class="handover">
      <h1>{content.scope === 'hotline' ? 'Hand-over to a hotline' : `Hand-over to: ${content.scope}`}</h1>
      <dl>
        <Row name="Reference">{content.token}</Row>
        <Row name="Date">{toMinute(content.madeAt)}</Row>
        <Row name="To">{toLine(recipient.name)}</Row>
        <Row name="Probably hosted in">{content.country ?? 'unknown'}</Row>
        <Row name="From">{authority === null ? 'no authority declared' : `${toLine(authority.body)}, ${authority.contactEmail}`}</Row>
      </dl>
      <p>
        Reports of content that shows the sexual abuse of a child. No content is attached. Addresses are written with hxxp in place of http, so that no program
        opens them by itself.
      </p>
      {content.items.map((item, i) => (
        <Item item={item} number={i + 1} />
      ))}
    </article>
  );
}

/** @returns a whole HTML document */
export function renderHandover(content: NoticeContent): string {
  const body = (
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <meta name="referrer" content="no-referrer" />
        <title>{`Hand-over ${content.token}`}</title>
      </head>
      <body>
        <HandoverSheet content={content} />
      </body>
    </html>
  );
  return `<!doctype html>${String(body)}`;
}

function Item({ item: { input, reportedAt, claim }, number }: { readonly item: NoticeItem; readonly number: number }): JSX.Element {
  return (
    <section>
      <h2>{`Address ${number}`}</h2>
      <dl>
        <Row name="Address">
          <code>{disarm(toUri(input.url))}</code>
        </Row>
        <Row name="Reported">{toMinute(reportedAt)}</Row>
        <Row name="Assessed">{`${input.classification.replaceAll('_', ' ')}: ${toLine(input.basis, 2000)}`}</Row>
        <Row name="Found by">{input.detection.replaceAll('_', ' ')}</Row>
        {input.sha256 !== undefined && (
          <Row name="SHA-256">
            <code>{input.sha256}</code>
          </Row>
        )}
        {input.reference !== undefined && <Row name="Reference of the reporter">{toLine(input.reference, 200)}</Row>}
        {describeClaim(claim).map((line) => (
          <Row name="Hosting">{line.replace(/^\s*Hosting: /, '')}</Row>
        ))}
      </dl>
    </section>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: Child }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
