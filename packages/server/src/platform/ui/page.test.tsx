/** @jsxImportSource hono/jsx */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GatehouseError, PROBLEMS } from '../errors.ts';
import { loadConfig } from '../config.ts';
import { expectSafePage, HOSTILE, NOBODY as ANONYMOUS, PERSON } from '../../../test/support/markup.ts';
import { buildOpenApi } from '../http/openapi.ts';
import type { Principal } from '../http/rights.ts';
import { defineRoute } from '../http/route.ts';
import { ErrorSummary, Form, Table, Title, Words } from './components.tsx';
import { renderApiDocs, renderErrorDocs } from './docs-page.tsx';
import { renderErrorPage } from './error-page.tsx';
import { renderHealthPage } from './health-page.tsx';
import { renderFragment, renderPage } from './page.tsx';
import { renderSettingsPage } from './settings-page.tsx';

const route = defineRoute({
  method: 'post',
  path: '/v1/things/{id}',
  right: 'scan',
  tag: 'things',
  summary: 'Make a thing',
  params: z.object({ id: z.string() }),
  body: z.object({ name: z.string() }).meta({ id: 'Thing' }),
  responses: { 200: { description: 'made', schema: z.object({ name: z.string() }).meta({ id: 'Thing' }) } },
  handle: async () => new Response(),
});

/** Every page of this folder, for somebody hostile and for somebody who has signed in. */
function renderAll(principal: Principal): Readonly<Record<string, string>> {
  const views = loadConfig({ env: { GATEHOUSE_ISSUER: HOSTILE } }).views;
  return {
    page: renderPage({ title: HOSTILE, principal, breadcrumbs: [{ text: HOSTILE, href: '/' }], children: <Title caption={HOSTILE}>{HOSTILE}</Title> }),
    error: renderErrorPage(new GatehouseError('invalid_request', HOSTILE, { errors: [{ at: HOSTILE, message: HOSTILE }] }), HOSTILE, principal),
    settings: renderSettingsPage(views, principal),
    health: renderHealthPage(
      {
        status: 'fail',
        version: HOSTILE,
        checks: [{ name: 'a.b', title: HOSTILE, status: 'fail', finding: HOSTILE, remedy: 'Do `this`.', isReadiness: true }],
      },
      principal,
    ),
    docs: renderApiDocs(buildOpenApi([route], '1.2.3'), principal),
    errors: renderErrorDocs(principal),
  };
}

describe.each([
  ['anonymous', ANONYMOUS],
  ['a person', { ...PERSON, name: HOSTILE }],
])('pages for %s', (_who, principal) => {
  it.each(Object.entries(renderAll(principal)))('%s: hostile text stays text, nothing is inline, one h1', (_name, markup) => {
    expectSafePage(markup);
  });
});

describe('the layout', () => {
  it('shows nobody a way to what cannot be opened', () => {
    const markup = renderPage({ title: 'A', principal: ANONYMOUS, children: <h1>A</h1> });
    expect(markup).not.toContain('/console/');
    expect(markup).not.toContain('href="/try"');
    expect(markup).toContain('href="/sign-in"');
    expect(markup).toContain('href="/docs"');
  });

  it('shows only what the rights open', () => {
    const markup = renderPage({ title: 'A', principal: { ...PERSON, rights: new Set(['lists:read'] as const) }, current: 'lists', children: <h1>A</h1> });
    expect(markup).toContain('<a href="/console/lists" aria-current="page">Lists</a>');
    expect(markup).not.toContain('/console/keys');
  });

  it('says "Error:" first when a form was refused', () => {
    expect(renderPage({ title: 'A', principal: PERSON, hasErrors: true, children: null })).toContain('<title>Error: A - Gatehouse</title>');
  });

  it('refuses a component that would be rendered later, rather than print a promise', () => {
    expect(() => renderFragment(<p>{Promise.resolve('later')}</p>)).toThrow(TypeError);
  });
});

describe('forms', () => {
  it('carry the token of the session before everything else', () => {
    const markup = renderFragment(
      <Form action="/x" principal={PERSON} isMultipart>
        <input name="file" type="file" />
      </Form>,
    );
    expect(markup).toMatch(
      /^<form[^>]*enctype="multipart\/form-data"[^>]*><input type="hidden" name="_csrf" value="token-of-the-session"\/><input name="file"/,
    );
  });

  it('keep the token out of addresses: a get form has none', () => {
    expect(
      renderFragment(
        <Form action="/x" method="get" principal={PERSON}>
          filter
        </Form>,
      ),
    ).not.toContain('token-of-the-session');
  });
});

describe('parts', () => {
  it('a table without rows says what to do instead', () => {
    expect(renderFragment(<Table caption="Things" columns={[]} rows={[]} empty="None yet." />)).toBe('<p class="empty">None yet.</p>');
  });

  it('an error summary leads to the field, and without errors is not there', () => {
    expect(renderFragment(<ErrorSummary errors={[{ at: 'name', message: 'Enter a name' }]} />)).toContain('<a href="#name">Enter a name</a>');
    expect(renderFragment(<>{<ErrorSummary errors={[]} />}</>)).toBe('');
  });

  it('backticks become code', () => {
    expect(renderFragment(<Words text="Run `a < b` now" />)).toBe('Run <code>a &lt; b</code> now');
  });
});

describe('documentation pages', () => {
  it('show each operation with its right, body, answers and a line for curl', () => {
    const markup = renderAll(ANONYMOUS)['docs'] ?? '';
    for (const part of ['Make a thing', '<code>scan</code>', 'href="#shape-Thing"', 'curl -sS -X POST', '/v1/things/{id}', 'otherwise'])
      expect(markup).toContain(part);
  });

  it('list every error code with an anchor that `type` of a problem leads to', () => {
    const markup = renderErrorDocs(ANONYMOUS);
    for (const code of Object.keys(PROBLEMS)) expect(markup).toContain(`<code id="${code}">`);
  });

  it('never show a secret', () => {
    const { views } = loadConfig({ env: { GATEHOUSE_DATABASE_URL: 'postgres://user:hunter2@db/gatehouse' } });
    const markup = renderSettingsPage(views, PERSON);
    expect(markup).toContain('(set)');
    expect(markup).not.toContain('hunter2');
  });
});

describe('stub mode', () => {
  const page = (isStub: boolean): string => renderPage({ title: 'A', principal: isStub ? { ...PERSON, isStub } : PERSON, children: 'text' });

  it('is said on every page, inside its main part, and else nowhere', () => {
    expect(page(true)).toMatch(/<main [^>]*>(?:(?!<\/main>).)*Stub mode is on/s);
    expect(page(false)).not.toContain('Stub mode');
  });
});
