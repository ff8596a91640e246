import { receiptCommands } from './receipt-commands.ts';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { CallbackPageSchema, CallbackViewSchema, UploadPageSchema, UploadViewSchema, type CallbackPage, type UploadView } from './schema.ts';
import { z } from 'zod';

const ID = [{ name: '<id>', about: 'the id of the upload, upl_…' }] as const;
const LIMIT_FALLBACK = '50';

const uploadCommands: readonly CommandDefinition[] = [
  {
    name: 'upload list',
    summary: 'list uploads, newest first',
    options: [
      { flags: '--state <state>', about: 'created, receiving, received, scanning, released, held, refused, expired or deleted' },
      { flags: '--disposition <disposition>', about: 'release, hold or refuse' },
      { flags: '--verdict <verdict>', about: 'clear, match, unscannable or error' },
      { flags: '--reference <text>', about: 'exactly this reference' },
      { flags: '--since <time>', about: 'created then or later, 2026-11-25T00:00:00Z' },
      { flags: '--before <id>', about: 'the page after this upload' },
      { flags: '--limit <count>', about: 'at most this many, up to 200', fallback: LIMIT_FALLBACK },
    ],
    help: 'Example:\n  gatehouse upload list --state held --verdict error',
    async run(context, args) {
      const query = new URLSearchParams();
      for (const name of ['state', 'disposition', 'verdict', 'reference', 'since', 'before', 'limit']) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const api = await context.api();
      const page = UploadPageSchema.parse((await api.send({ method: 'GET', path: `/v1/uploads?${query.toString()}` })).body);
      const rows = page.items.map((upload) => [
        upload.id,
        upload.state,
        upload.screening?.verdict ?? '',
        upload.screening?.reason ?? '',
        String(upload.sizeBytes ?? ''),
        upload.createdAt.slice(0, 19),
      ]);
      print(context, page, () =>
        rows.length === 0
          ? ['There is none.']
          : [
              ...formatTable([['ID', 'STATE', 'VERDICT', 'REASON', 'BYTES', 'CREATED'], ...rows]),
              ...(page.next === undefined ? [] : [`More: --before ${page.next}`]),
            ],
      );
      return EXIT.ok;
    },
  },
  {
    name: 'upload show',
    summary: 'show an upload, its verdict and its receipt',
    arguments: ID,
    options: [{ flags: '--wait <seconds>', about: 'wait for the decision, up to 60 s', fallback: '0' }],
    run: (context, args) =>
      showUpload(context, 'GET', `/v1/uploads/${encodeURIComponent(args.positional[0] ?? '')}?wait=${encodeURIComponent(textOption(args, 'wait') ?? '0')}`),
  },
  {
    name: 'upload rescreen',
    summary: 'screen decided content again, after its cause was mended',
    arguments: ID,
    help: 'Its receipt is withdrawn; a new one follows if it is clear.',
    run: (context, args) => showUpload(context, 'POST', `/v1/uploads/${encodeURIComponent(args.positional[0] ?? '')}/rescreen`),
  },
  {
    name: 'upload delete',
    summary: 'end an upload: its bytes are removed, its receipt is withdrawn',
    arguments: ID,
    async run(context, args) {
      const id = args.positional[0] ?? '';
      const api = await context.api();
      await api.send({ method: 'DELETE', path: `/v1/uploads/${encodeURIComponent(id)}` });
      print(context, { id, state: 'deleted' }, () => [`Upload ${id} has ended; its bytes are removed.`]);
      return EXIT.ok;
    },
  },
];

async function showUpload(context: CommandContext, method: 'GET' | 'POST', path: string): Promise<number> {
  const api = await context.api();
  const view = UploadViewSchema.parse((await api.send({ method, path })).body);
  print(context, view, () => describe(view));
  return EXIT.ok;
}

function describe(view: UploadView): string[] {
  const { screening } = view;
  const rows: (readonly [string, string | undefined])[] = [
    ['Upload', view.id],
    ['State', view.state],
    ['Reference', view.reference],
    ['Size', view.sizeBytes === undefined ? undefined : `${view.sizeBytes} bytes`],
    ['Type', view.mediaType],
    ['Verdict', screening?.verdict],
    ['Why', screening?.explanation],
    ['List set', screening === undefined ? undefined : `version ${screening.listSetVersion}`],
    ['Attempts', String(view.attempts)],
    ['Decided', view.decidedAt],
    ['Kept until', view.expiresAt],
    ['Receipt', view.receipt],
  ];
  const hits = (screening?.hits ?? []).map(
    (hit) => `  ${hit.listName}, entry ${hit.entry}: ${hit.signal}, distance ${hit.distance}${hit.orientation === undefined ? '' : `, ${hit.orientation}`}`,
  );
  return [...formatTable(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))), ...hits];
}

const callbackCommands: readonly CommandDefinition[] = [
  {
    name: 'callback list',
    summary: 'list callbacks; with --state dead, those that could not be delivered',
    options: [
      { flags: '--state <state>', about: 'pending, delivered or dead' },
      { flags: '--before <id>', about: 'the page after this callback' },
      { flags: '--limit <count>', about: 'at most this many, up to 200', fallback: LIMIT_FALLBACK },
    ],
    async run(context, args) {
      const query = new URLSearchParams();
      for (const name of ['state', 'before', 'limit']) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const api = await context.api();
      const page = CallbackPageSchema.parse((await api.send({ method: 'GET', path: `/v1/callbacks?${query.toString()}` })).body);
      print(context, page, () => describeCallbacks(page));
      return EXIT.ok;
    },
  },
  {
    name: 'callback resend',
    summary: 'deliver a dead callback again',
    arguments: [{ name: '<id>', about: 'the id of the callback, msg_…' }],
    async run(context, args) {
      const api = await context.api();
      const view = CallbackViewSchema.parse(
        (await api.send({ method: 'POST', path: `/v1/callbacks/${encodeURIComponent(args.positional[0] ?? '')}/resend` })).body,
      );
      print(context, view, () => [`Callback ${view.id} will be tried again.`]);
      return EXIT.ok;
    },
  },
  {
    name: 'callback secret',
    summary: 'show the secret with which receivers check callbacks',
    help: 'Give it to the receiver only. Libraries for Standard Webhooks take it as it is.',
    async run(context) {
      const api = await context.api();
      const body = z.object({ secret: z.string() }).parse((await api.send({ method: 'GET', path: '/v1/callbacks/secret' })).body);
      print(context, body, () => [body.secret]);
      return EXIT.ok;
    },
  },
];

function describeCallbacks(page: CallbackPage): string[] {
  if (page.items.length === 0) return ['There is none.'];
  const rows = page.items.map((callback) => [
    callback.id,
    callback.uploadId,
    callback.state,
    String(callback.attempts),
    callback.lastStatus === undefined ? (callback.lastFault ?? '') : String(callback.lastStatus),
    callback.nextAttemptAt?.slice(0, 19) ?? '',
  ]);
  return [
    ...formatTable([['ID', 'UPLOAD', 'STATE', 'ATTEMPTS', 'LAST', 'NEXT'], ...rows]),
    ...(page.next === undefined ? [] : [`More: --before ${page.next}`]),
  ];
}

export const commands: readonly CommandDefinition[] = [...uploadCommands, ...receiptCommands, ...callbackCommands];
