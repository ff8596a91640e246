/** Signing in and out. Opening a link only shows a button: mail scanners and previews open links too, and must not use them up. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { parse as parseCookies } from 'hono/utils/cookie';
import { z } from 'zod';
import { GatehouseError } from '../platform/errors.ts';
import { RIGHTS, type Principal } from '../platform/http/rights.ts';
import { html, seeOther, type Reply } from '../platform/http/reply.ts';
import { definePage, type Exchange, type Route } from '../platform/http/route.ts';
import { SESSION_COOKIE, sessionCookie } from '../platform/http/security.ts';
import { Button, CodeBlock, Form, SummaryList, Title } from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { keyPages } from './key-pages.tsx';
import type { AccessService } from './schema.ts';

/**
 * The address of this page is the secret, so no part of it but the origin may go into a Referer, not even to ourselves (a proxy may log it).
 * Not `no-referrer`: browsers then send `Origin: null` with the form, which cannot be told from another site's.
 */
const LINK_HEADERS = { 'referrer-policy': 'strict-origin' } as const;
const LinkParams = z.object({ link: z.string().max(200) });
const NoFields = z.object({});

export function pages(service: AccessService): readonly Route[] {
  return [...signInPages(service), ...accountPages(service), ...keyPages(service)];
}

function signInPages(service: AccessService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/sign-in',
      right: 'public',
      summary: 'How to get a sign-in link',
      handle: async ({ principal }) => html(renderPage({ title: 'Sign in', principal, children: <HowToSignIn /> })),
    }),
    definePage({
      method: 'get',
      path: '/sign-in/{link}',
      right: 'public',
      ignoresCredentials: true,
      summary: 'A sign-in link, not used yet',
      params: LinkParams,
      async handle({ params, principal }) {
        const { name } = await service.readSignInLink(params.link);
        return html(renderPage({ title: 'Sign in', principal, children: <ConfirmSignIn link={params.link} name={name} principal={principal} /> }), {
          headers: LINK_HEADERS,
        });
      },
    }),
    definePage({
      method: 'post',
      path: '/sign-in/{link}',
      right: 'public',
      ignoresCredentials: true,
      summary: 'Use a sign-in link',
      params: LinkParams,
      async handle({ params, header, isSecure }) {
        const { cookieValue, maxAgeS, rights } = await service.signIn(params.link, readSessionCookie(header));
        // The overview needs `scan`; the page about oneself needs nothing.
        return seeOther(rights.includes('scan') ? '/' : '/console/account', {
          'set-cookie': sessionCookie(cookieValue, { isSecure, maxAgeS }),
          ...LINK_HEADERS,
        });
      },
    }),
  ];
}

function accountPages(service: AccessService): readonly Route[] {
  const signedOut = (isSecure: boolean): Reply => seeOther('/sign-in', { 'set-cookie': sessionCookie('', { isSecure, maxAgeS: 0 }) });
  return [
    definePage({
      method: 'get',
      path: '/console/account',
      right: 'public',
      summary: 'Your own account',
      handle: async ({ principal }) =>
        html(renderPage({ title: 'Your account', principal: requirePerson(principal), children: <Account principal={principal} /> })),
    }),
    definePage({
      method: 'post',
      path: '/sign-out',
      right: 'public',
      summary: 'Sign out',
      body: NoFields,
      async handle({ header, isSecure }) {
        const cookie = readSessionCookie(header);
        if (cookie !== undefined) await service.signOut(cookie);
        return signedOut(isSecure);
      },
    }),
    definePage({
      method: 'post',
      path: '/sign-out/everywhere',
      right: 'public',
      summary: 'Sign out on every device',
      body: NoFields,
      async handle({ principal, isSecure }) {
        await service.signOutEverywhere(requirePerson(principal).id, principal);
        return signedOut(isSecure);
      },
    }),
  ];
}

function requirePerson(principal: Principal): Principal {
  if (principal.kind !== 'session') throw new GatehouseError('unauthenticated', 'Only a person who has signed in has this page.');
  return principal;
}

function readSessionCookie(header: Exchange['header']): string | undefined {
  return parseCookies(header('cookie') ?? '', SESSION_COOKIE)[SESSION_COOKIE];
}

function HowToSignIn(): JSX.Element {
  return (
    <>
      <Title>Sign in</Title>
      <p>Gatehouse has no passwords. You sign in with a link that works once, for a short time.</p>
      <p>Whoever runs this installation makes one on its machine:</p>
      <CodeBlock label="Command" isCopyable>
        gatehouse access sign-in-link
      </CodeBlock>
      <p>Open the link in this browser. At the first start a link is printed in the terminal.</p>
    </>
  );
}

function ConfirmSignIn({ link, name, principal }: { readonly link: string; readonly name: string; readonly principal: Principal }): JSX.Element {
  return (
    <>
      <Title>Sign in to Gatehouse</Title>
      <p>
        This link signs you in as <strong>{name}</strong>. It works once.
      </p>
      <Form action={`/sign-in/${link}`} principal={principal}>
        <Button>Sign in</Button>
      </Form>
    </>
  );
}

function Account({ principal }: { readonly principal: Principal }): JSX.Element {
  return (
    <>
      <Title>Your account</Title>
      <SummaryList
        rows={[
          { key: 'Name', value: principal.name },
          {
            key: 'You may',
            value: (
              <ul>
                {[...principal.rights].map((right) => (
                  <li>{RIGHTS[right]}</li>
                ))}
              </ul>
            ),
          },
        ]}
      />
      <h2>Sign out on every device</h2>
      <p>Ends all your sessions, this one too, and voids your unused sign-in links. Use it when a device is lost.</p>
      <Form action="/sign-out/everywhere" principal={principal}>
        <Button kind="warning">Sign out everywhere</Button>
      </Form>
    </>
  );
}
