/**
 * The mailbox in which replies arrive (IMAP4, with imapflow). Every message of the folder is handed over once it is read, and then moved: the folder is
 * the queue, and what is still in it was not taken. A message may be handed over twice (when we die in between); its digest tells.
 */
import { ImapFlow } from 'imapflow';
import type { Outbound } from '../../../platform/outbound.ts';
import { findRoute, type MailServer } from '../senders/mail-server.ts';
import { REPLY_BYTES_MAX, type PollResult } from './schema.ts';

export interface MailboxOptions {
  readonly server: MailServer;
  readonly outbound: Outbound;
  readonly user: string;
  readonly password: string;
  readonly folder: string;
  readonly doneFolder: string;
  readonly ca: string | undefined;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** Messages of one poll; the rest waits for the next. */
const MESSAGES_MAX = 200;
/** Of a message that is too large. */
const HEAD_BYTES_MAX = 65_536;
const TOO_LARGE = `\r\n\r\n(This message has more than ${REPLY_BYTES_MAX} bytes. Its content was not read; it is in the mailbox.)\r\n`;

export async function pollMailbox(options: MailboxOptions, receive: (raw: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<PollResult> {
  const client = await connect(options);
  const stop = (): void => client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    const isThere = (await client.list()).some(({ path }) => path === options.doneFolder);
    if (!isThere) await client.mailboxCreate(options.doneFolder);
    const lock = await client.getMailboxLock(options.folder);
    try {
      return await takeAll(client, { ...options, receive, signal });
    } finally {
      lock.release();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    if (client.usable) await client.logout().catch(() => undefined);
    client.close();
  }
}

async function connect({ server, outbound, user, password, ca, timeoutMs = TIMEOUT_MS }: MailboxOptions): Promise<ImapFlow> {
  const route = await findRoute(server, outbound);
  const client = new ImapFlow({
    host: route.address,
    port: server.port,
    secure: server.isImplicitTls,
    servername: route.servername,
    // A mailbox always has a password: without TLS only on this machine.
    ...(server.isImplicitTls ? {} : { doSTARTTLS: route.tls !== 'none' }),
    tls: { servername: route.servername, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    auth: { user, pass: password },
    clientInfo: { name: 'gatehouse' },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  // What fails is told where it is awaited.
  client.on('error', () => undefined);
  return client;
}

interface Taking extends Pick<MailboxOptions, 'doneFolder'> {
  readonly receive: (raw: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

async function takeAll(client: ImapFlow, { doneFolder, receive, signal }: Taking): Promise<PollResult> {
  const uids = (await client.search({ all: true }, { uid: true })) || [];
  let [received, failed] = [0, 0];
  for (const uid of uids.slice(0, MESSAGES_MAX)) {
    if (signal.aborted) break;
    const raw = await fetchMessage(client, uid);
    // Somebody else took it meanwhile.
    if (raw === null) continue;
    try {
      await receive(raw);
    } catch {
      failed++;
      continue;
    }
    await client.messageMove(String(uid), doneFolder, { uid: true });
    received++;
  }
  return { received, failed };
}

async function fetchMessage(client: ImapFlow, uid: number): Promise<Uint8Array | null> {
  const found = await client.fetchOne(String(uid), { size: true }, { uid: true });
  if (found === false) return null;
  const isWhole = (found.size ?? 0) <= REPLY_BYTES_MAX;
  const fetched = await client.fetchOne(String(uid), { source: { start: 0, maxLength: isWhole ? REPLY_BYTES_MAX : HEAD_BYTES_MAX } }, { uid: true });
  if (fetched === false || fetched.source === undefined) return null;
  return isWhole ? fetched.source : cutToHead(fetched.source);
}

/** The headers that match it, without those that say what the missing body would be. */
function cutToHead(source: Uint8Array): Uint8Array {
  const text = Buffer.from(source).toString('latin1');
  const end = text.search(/\r?\n\r?\n/);
  const fields = (end === -1 ? text : text.slice(0, end)).split(/\r?\n(?![ \t])/).filter((field) => !/^(content-|mime-version)/i.test(field));
  return Buffer.from(`${fields.join('\r\n')}${TOO_LARGE}`, 'latin1');
}
