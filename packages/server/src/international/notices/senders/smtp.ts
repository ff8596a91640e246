/**
 * Sending by SMTP (RFC 5321, 3207, 4954). A message counts as "may have arrived" from the moment the server asks for its content until it answers:
 * that moment decides whether a fault is temporary or unknown, which is why the connection is driven here and not by nodemailer's transport.
 */
import { Readable } from 'node:stream';
import SmtpConnection from 'nodemailer/lib/smtp-connection';
import type { Outbound } from '../../../platform/outbound.ts';
import { isMailbox } from '../formats/clean-rules.ts';
import { findRoute, type MailRoute, type MailServer } from './mail-server.ts';
import { judgeSmtp, readEnhanced, toResult } from './result-rules.ts';
import type { OutgoingMessage, Sender, SendResult } from './schema.ts';

export interface SmtpOptions {
  readonly server: MailServer;
  readonly outbound: Outbound;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
  /** Of the envelope: bounces come back to it. */
  readonly from: string;
  /** PEM, besides what Node.js trusts. */
  readonly ca: string | undefined;
  /** Of each step: connection, greeting, an answer. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** RFC 5321, 4.5.3.1.5 allows 512; nobody has more to say. */
const RESPONSE_BYTES_MAX = 16_384;

export function createSmtpSender(options: SmtpOptions): Sender {
  return {
    kind: 'smtp',
    async send(message, signal) {
      if (!isMailbox(message.to) || !isMailbox(options.from)) return toResult('permanent', 'the address is none');
      if (signal.aborted) return toResult('temporary', 'nothing was sent (stopped)');
      let route: MailRoute;
      try {
        route = await findRoute(options.server, options.outbound);
      } catch (error) {
        return toResult('temporary', `nothing was sent (${readCode(error)})`);
      }
      // The resolver may have taken its time. A connection that was never opened cannot be closed either: its `quit` throws.
      if (signal.aborted) return toResult('temporary', 'nothing was sent (stopped)');
      return deliver({ ...options, route }, message, signal);
    },
  };
}

interface Delivery extends SmtpOptions {
  readonly route: MailRoute;
}

async function deliver(options: Delivery, message: OutgoingMessage, signal: AbortSignal): Promise<SendResult> {
  const connection = connect(options);
  const taking = { began: false };
  const stop = (): void => connection.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await openSession(connection, options, signal);
    const response = await sendMessage({ connection, from: options.from, message, signal, onTaking: () => (taking.began = true) });
    return toResult('accepted', ['250', readEnhanced(response)].filter((word) => word !== undefined).join(' '));
  } catch (error) {
    const read = (name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined);
    const [code, command] = [read('responseCode'), read('command')];
    return judgeSmtp({
      code: typeof code === 'number' ? code : undefined,
      enhanced: readEnhanced(read('response')),
      command: typeof command === 'string' ? command : undefined,
      isTaking: taking.began,
      cause: signal.aborted ? 'stopped' : readCode(error),
    });
  } finally {
    signal.removeEventListener('abort', stop);
    connection.quit();
    connection.close();
  }
}

function connect({ server, route, ca, from, timeoutMs = TIMEOUT_MS }: Delivery): SmtpConnection {
  return new SmtpConnection({
    host: route.address,
    port: server.port,
    secure: server.isImplicitTls,
    servername: route.servername,
    requireTLS: route.tls === 'always',
    ignoreTLS: route.tls === 'none',
    tls: { servername: route.servername, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    name: from.slice(from.indexOf('@') + 1),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: RESPONSE_BYTES_MAX,
    allowInternalNetworkInterfaces: true,
  });
}

async function openSession(connection: SmtpConnection, { credentials, route }: Delivery, signal: AbortSignal): Promise<void> {
  await settle(connection, signal, (done) => connection.connect((error) => done(error ?? null)));
  if (credentials === undefined) return;
  if (route.tls === 'offered' && !connection.secure) throw named('no TLS for the password', 'NO_TLS');
  await settle(connection, signal, (done) => connection.login({ user: credentials.user, pass: credentials.password }, (error) => done(error)));
}

interface Sending {
  readonly connection: SmtpConnection;
  readonly from: string;
  readonly message: OutgoingMessage;
  readonly signal: AbortSignal;
  readonly onTaking: () => void;
}

async function sendMessage({ connection, from, message, signal, onTaking }: Sending): Promise<string> {
  // Read when the server has said 354, and not before.
  const content = Readable.from(
    (function* () {
      onTaking();
      yield Buffer.from(message.raw);
    })(),
    { objectMode: false, highWaterMark: 0 },
  );
  let response = '';
  await settle(connection, signal, (done) =>
    connection.send({ from, to: [message.to], size: message.raw.byteLength }, content, (error, info) => {
      response = info?.response ?? '';
      done(error);
    }),
  );
  return response;
}

/** One step, or whatever ends the connection meanwhile: an error event, our own stop. */
function settle(connection: SmtpConnection, signal: AbortSignal, step: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null): void => {
      connection.removeListener('error', finish);
      connection.removeListener('end', onEnd);
      signal.removeEventListener('abort', onEnd);
      // What comes later is about a connection that nobody uses any more.
      connection.on('error', () => undefined);
      if (error === null) resolve();
      else reject(error);
    };
    const onEnd = (): void => finish(named('the connection ended', 'ECONNECTION'));
    connection.on('error', finish);
    connection.on('end', onEnd);
    signal.addEventListener('abort', onEnd, { once: true });
    if (signal.aborted) onEnd();
    else step(finish);
  });
}

function named(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Codes are closed words; messages may quote what was sent. */
function readCode(error: unknown): string {
  const code: unknown = error instanceof Error ? (Reflect.get(error, 'originalCode') ?? Reflect.get(error, 'code')) : undefined;
  return typeof code === 'string' && /^[A-Za-z_0-9]{1,40}$/.test(code) ? code : 'unknown fault';
}
