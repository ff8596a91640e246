/** The console's pages about API keys. All of it works without JavaScript. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import type { FieldError } from '../platform/errors.ts';
import { ALL_RIGHTS, RIGHTS, type Principal } from '../platform/http/rights.ts';
import { html, seeOther } from '../platform/http/reply.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import {
  Button,
  ButtonGroup,
  Checkboxes,
  CodeBlock,
  ErrorSummary,
  Field,
  Form,
  LinkButton,
  NotificationBanner,
  SummaryList,
  Table,
  Tag,
  Time,
  Title,
  Warning,
  type Column,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { KeyParamsSchema, NewKeySchema, type AccessService, type CreatedKey, type KeyView } from './schema.ts';

/** As a browser sends it; `NewKeySchema` then judges it, so that faults are shown beside the fields. */
const KeyFormSchema = z.object({
  name: z.string().default(''),
  rights: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((rights) => (typeof rights === 'string' ? [rights] : rights)),
  expiresInDays: z.string().trim().default(''),
});
type KeyForm = z.output<typeof KeyFormSchema>;

const EMPTY_FORM: KeyForm = { name: '', rights: [], expiresInDays: '' };
const LABELS: Readonly<Record<string, string>> = { name: 'Name', rights: 'Rights', expiresInDays: 'Days until it expires' };
const CRUMBS = [{ text: 'API keys', href: '/console/keys' }];

export function keyPages(service: AccessService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/keys',
      right: 'keys:manage',
      summary: 'API keys',
      query: z.object({ revoked: z.string().optional() }),
      handle: async ({ principal, query }) =>
        html(renderList(principal, { keys: await service.listKeys(), form: EMPTY_FORM, errors: [], isAfterRevoking: query.revoked !== undefined })),
    }),
    definePage({
      method: 'post',
      path: '/console/keys',
      right: 'keys:manage',
      summary: 'Make an API key',
      body: KeyFormSchema,
      async handle({ principal, body }) {
        const parsed = NewKeySchema.safeParse({
          name: body.name,
          rights: body.rights,
          ...(body.expiresInDays === '' ? {} : { expiresInDays: Number(body.expiresInDays) }),
        });
        if (!parsed.success)
          return html(renderList(principal, { keys: await service.listKeys(), form: body, errors: toFieldErrors(parsed.error), isAfterRevoking: false }), {
            status: 400,
          });
        // The answer of the POST itself is the only place where the key ever stands; `no-store` keeps it out of caches and history.
        const created = await service.createKey(parsed.data, principal);
        return html(
          renderPage({ title: 'Your new key', principal, current: 'keys', breadcrumbs: CRUMBS, islands: ['copy'], children: <NewKeyPage created={created} /> }),
          { headers: { 'cache-control': 'no-store' } },
        );
      },
    }),
    definePage({
      method: 'get',
      path: '/console/keys/{id}/revoke',
      right: 'keys:manage',
      summary: 'Confirm that a key is to be revoked',
      params: KeyParamsSchema,
      async handle({ principal, params }) {
        const key = await service.readKey(params.id);
        return html(
          renderPage({ title: 'Revoke a key', principal, current: 'keys', breadcrumbs: CRUMBS, children: <RevokePage keyView={key} principal={principal} /> }),
        );
      },
    }),
    definePage({
      method: 'post',
      path: '/console/keys/{id}/revoke',
      right: 'keys:manage',
      summary: 'Revoke a key',
      params: KeyParamsSchema,
      body: z.object({}),
      async handle({ principal, params }) {
        await service.revokeKey(params.id, principal);
        return seeOther('/console/keys?revoked=1');
      },
    }),
  ];
}

function toFieldErrors(error: z.ZodError): FieldError[] {
  const seen = new Set<string>();
  return error.issues.flatMap((issue) => {
    const at = String(issue.path[0] ?? '');
    if (seen.has(at)) return [];
    seen.add(at);
    return [{ at, message: `${LABELS[at] ?? 'The form'}: ${issue.message}` }];
  });
}

interface ListView {
  readonly keys: readonly KeyView[];
  readonly form: KeyForm;
  readonly errors: readonly FieldError[];
  readonly isAfterRevoking: boolean;
}

function renderList(principal: Principal, view: ListView): string {
  return renderPage({
    title: 'API keys',
    principal,
    current: 'keys',
    hasErrors: view.errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={view.errors} />
        {view.isAfterRevoking ? <NotificationBanner kind="success">The key is revoked. It is refused from the next request on.</NotificationBanner> : null}
        <Title>API keys</Title>
        <p>A service shows its key with every request. Give each service its own key with only the rights that it needs.</p>
        <Table caption="API keys, newest first" isCaptionHidden columns={COLUMNS} rows={view.keys} empty="There are no keys yet. Make the first one below." />
        <h2>Make a key</h2>
        <KeyFormPart principal={principal} form={view.form} errors={view.errors} />
      </>
    ),
  });
}

const COLUMNS: readonly Column<KeyView>[] = [
  { heading: 'Name', isRowHeading: true, cell: (key) => key.name },
  { heading: 'Begins with', cell: (key) => <code>{key.prefix}</code> },
  { heading: 'Rights', cell: (key) => key.rights.join(', ') },
  { heading: 'State', cell: (key) => <StateTag state={key.state} /> },
  { heading: 'Expires', cell: (key) => (key.expiresAt === null ? 'never' : <Time iso={key.expiresAt} />) },
  { heading: 'Last used', cell: (key) => (key.lastUsedAt === null ? 'not yet' : <Time iso={key.lastUsedAt} />) },
  {
    heading: 'Action',
    cell: (key) =>
      key.state === 'active' ? (
        <a href={`/console/keys/${key.id}/revoke`}>
          Revoke<span class="visually-hidden"> {key.name}</span>
        </a>
      ) : null,
  },
];

function StateTag({ state }: { readonly state: KeyView['state'] }): JSX.Element {
  const colour = state === 'active' ? 'green' : state === 'expired' ? 'yellow' : 'red';
  return <Tag colour={colour}>{state}</Tag>;
}

function KeyFormPart({
  principal,
  form,
  errors,
}: {
  readonly principal: Principal;
  readonly form: KeyForm;
  readonly errors: readonly FieldError[];
}): JSX.Element {
  const errorAt = (name: string): string | undefined => errors.find((error) => error.at === name)?.message;
  const choices = ALL_RIGHTS.filter((right) => principal.rights.has(right)).map((right) => ({ value: right, text: right, hint: RIGHTS[right] }));
  return (
    <Form action="/console/keys" principal={principal}>
      <Field
        name="name"
        label="Name"
        hint="The service that will use it, such as “web shop”."
        value={form.name}
        error={errorAt('name')}
        width={20}
        maxlength={80}
      />
      <Checkboxes
        name="rights"
        label="Rights"
        hint="You can give only rights that you have yourself."
        choices={choices}
        value={form.rights}
        error={errorAt('rights')}
      />
      <Field
        name="expiresInDays"
        label="Days until it expires"
        hint="Leave it empty for a key that works until it is revoked."
        type="number"
        width={5}
        value={form.expiresInDays}
        error={errorAt('expiresInDays')}
      />
      <Button>Make the key</Button>
    </Form>
  );
}

function NewKeyPage({ created }: { readonly created: CreatedKey }): JSX.Element {
  return (
    <>
      <Title>Your new key</Title>
      <Warning>Copy the key now. It is shown this once and cannot be read again.</Warning>
      <CodeBlock label="API key" isCopyable>
        {created.secret}
      </CodeBlock>
      <KeySummary keyView={created.key} />
      <p>Send it with every request:</p>
      <CodeBlock label="Header">{'Authorization: Bearer <the key>'}</CodeBlock>
      <p>
        <a href="/console/keys">Back to API keys</a>
      </p>
    </>
  );
}

function RevokePage({ keyView, principal }: { readonly keyView: KeyView; readonly principal: Principal }): JSX.Element {
  return (
    <>
      <Title>Revoke “{keyView.name}”?</Title>
      <p>Services that use this key are refused from the next request on. This cannot be undone; a new key can be made.</p>
      <KeySummary keyView={keyView} />
      <Form action={`/console/keys/${keyView.id}/revoke`} principal={principal}>
        <ButtonGroup>
          <Button kind="warning">Revoke the key</Button>
          <LinkButton kind="secondary" href="/console/keys">
            Keep it
          </LinkButton>
        </ButtonGroup>
      </Form>
    </>
  );
}

function KeySummary({ keyView }: { readonly keyView: KeyView }): JSX.Element {
  return (
    <SummaryList
      rows={[
        { key: 'Name', value: keyView.name },
        { key: 'Begins with', value: <code>{keyView.prefix}</code> },
        { key: 'Rights', value: keyView.rights.join(', ') },
        { key: 'Expires', value: keyView.expiresAt === null ? 'never' : <Time iso={keyView.expiresAt} /> },
      ]}
    />
  );
}
