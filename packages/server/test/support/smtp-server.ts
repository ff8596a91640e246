/** A mail server on loopback (smtp-server): keeps what it gets, and behaves as it is told. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
  /** Who signed in; undefined: nobody. */
  readonly user: string | undefined;
  readonly isSecure: boolean;
}

/** What it does with the next messages. Codes are answers; `hang_up`: closes after the whole message and before its answer; `silent`: never answers. */
export interface MailBehaviour {
  readonly greeting?: number;
  readonly sender?: number;
  readonly recipient?: number;
  readonly message?: number | 'hang_up' | 'silent';
  /** Addresses that are refused for good. */
  readonly refuses?: ReadonlySet<string>;
  /** Appended to what it says. */
  readonly words?: string;
}

export interface TestSmtpServer {
  readonly port: number;
  readonly received: ReceivedMail[];
  behave(behaviour: MailBehaviour): void;
  close(): Promise<void>;
}

export interface TestSmtpOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  /** TLS from the first byte. */
  readonly isImplicitTls?: boolean;
  readonly login?: { readonly user: string; readonly password: string };
}

export async function startSmtpServer({ tls, isImplicitTls = false, login }: TestSmtpOptions = {}): Promise<TestSmtpServer> {
  const received: ReceivedMail[] = [];
  let behaviour: MailBehaviour = {};
  const refuse = (code: number | undefined): Error | null =>
    code === undefined ? null : Object.assign(new Error(`${code < 500 ? '4' : '5'}.7.1 told to ${behaviour.words ?? ''}`), { responseCode: code });
  const server = new SMTPServer({
    ...tls,
    secure: isImplicitTls,
    hideSTARTTLS: tls === undefined,
    authOptional: login === undefined,
    // The sender decides whether it may; the server would take it.
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onConnect: (_session, done) => done(refuse(behaviour.greeting)),
    onAuth(auth, _session, done) {
      if (auth.username === login?.user && auth.password === login?.password) done(null, { user: auth.username ?? '' });
      else done(Object.assign(new Error('no'), { responseCode: 535 }));
    },
    onMailFrom: (_address, _session, done) => done(refuse(behaviour.sender)),
    onRcptTo: ({ address }, _session, done) => done(refuse(behaviour.refuses?.has(address) === true ? 550 : behaviour.recipient)),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { message } = behaviour;
        if (message === 'hang_up' || message === 'silent' || message === undefined)
          received.push({
            from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
            to: session.envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks),
            user: typeof session.user === 'string' ? session.user : undefined,
            isSecure: session.secure,
          });
        if (message === 'silent') return;
        if (message === 'hang_up') for (const connection of server.connections) Reflect.get(connection, '_socket').destroy();
        else done(refuse(message));
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    behave: (next) => void (behaviour = next),
    async close() {
      for (const connection of server.connections) Reflect.get(connection, '_socket').destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
