/** What replies say, what they must not be believed, what they cannot do; the mailbox of a real server. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { startTestServer, type TestServer } from '../../../../test/support/http.ts';
import { startImapServer, type TestImapServer } from '../../../../test/support/imap-server.ts';
import { makeContent } from '../../../../test/support/notices.ts';
import { loadConfig } from '../../../platform/config.ts';
import { createOutbound } from '../../../platform/outbound.ts';
import { createFormats } from '../formats/formats.ts';
import { readMailServer } from '../senders/mail-server.ts';
import { pollMailbox, type MailboxOptions } from './mailbox.ts';
import { matchReply } from './match.ts';
import { parseReply } from './parse.ts';
import { createReplies } from './replies.ts';
import { findTokens, readDeliveryStatus, readOutcome, REFERENCES_MAX, toPlain } from './reply-rules.ts';
import { replyRoutes } from './routes.ts';
import { REPLY_BYTES_MAX, TEXT_MAX, type Reply, type ReplyIndex } from './schema.ts';

const TOKEN = 'gh-0123456789abcdef0123456789';
const OTHER = 'gh-ffffffffffffffffffffffffff';
const ID = 'a1@hotline.example.org';
const bytes = (text: string): Uint8Array => Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
const mail = (headers: string, body = 'Hello.'): Uint8Array => bytes(`From: Abuse Desk <abuse@host.example.net>\n${headers}\n\n${body}\n`);
const index: ReplyIndex = {
  byMessageId: async (id) => ({ [ID]: 'ntc_1', 'b2@hotline.example.org': 'ntc_2' })[id] ?? null,
  byToken: async (token) => ({ [TOKEN]: 'ntc_1', [OTHER]: 'ntc_2' })[token] ?? null,
};
const read = async (raw: Uint8Array): Promise<Reply & { readonly notice: string | null }> => {
  const reply = await parseReply(raw);
  return { ...reply, notice: await matchReply(reply, index) };
};

const DSN = (action: string, status: string, third: string): Uint8Array =>
  bytes(`From: MAILER-DAEMON@mx.example.net
To: notices@hotline.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system. OUTCOME: removed
OUTCOME: removed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; abuse@host.example.net
Action: ${action}
Status: ${status}
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
${third}
--b--
`);

describe('what a reply is about', () => {
  it.each([
    ['In-Reply-To', `In-Reply-To: <${ID}>\nSubject: x`, 'ntc_1'],
    ['References, the last that is ours', `References: <x@y.example> <b2@hotline.example.org>\n <${ID}>\n <z@y.example>\nSubject: x`, 'ntc_1'],
    ['the reference in the subject', `Subject: RE: [${TOKEN.toUpperCase()}] WG: x`, 'ntc_1'],
    ['an encoded subject', `Subject: =?UTF-8?B?${Buffer.from(`AW: Ä ${TOKEN}`).toString('base64')}?=`, 'ntc_1'],
    ['headers before the subject', `In-Reply-To: <b2@hotline.example.org>\nSubject: ${TOKEN}`, 'ntc_2'],
    ['the sender alone', 'Subject: about your notice', null],
    ['a Message-ID that nobody sent', 'In-Reply-To: <guess@hotline.example.org>\nSubject: x', null],
    ['a Message-ID in the subject', `Subject: <${ID}>`, null],
    ['two notices in one subject', `Subject: ${TOKEN} and ${OTHER}`, null],
    ['a reference that is a part of another number', `Subject: ${TOKEN}0`, null],
  ])('%s', async (_what, headers, expected) => {
    expect((await read(mail(headers))).notice).toBe(expected);
  });

  it('a ticket system that kept nothing but what it quotes', async () => {
    expect(await read(mail('Subject: [Ticket 77]', `We removed it.\n\n> Reference: ${TOKEN}`))).toMatchObject({
      notice: 'ntc_1',
      kind: 'answer',
      outcome: null,
    });
  });

  it('a subject with a reference counts more than what is quoted', async () => {
    expect((await read(mail(`Subject: ${TOKEN}`, `> ${OTHER}`))).notice).toBe('ntc_1');
  });

  it('looks up no more than it must', async () => {
    const many = Array.from({ length: 500 }, (_none, i) => ` <${i}@x.example>`).join('\n');
    const reply = await parseReply(mail(`References:\n${many}\nSubject: x`));
    expect(reply.refersTo).toHaveLength(REFERENCES_MAX);
    expect(reply.refersTo[0]).toBe('499@x.example');
  });

  it('our own notice, answered as mail programs do', async () => {
    const made = await createFormats().compose('arf', makeContent());
    // Quoted, and with the whole text below, unquoted, as some programs do: our own instruction is no answer.
    for (const quote of ['> ', '']) {
      const body = made.text
        .split('\n')
        .map((line) => `${quote}${line}`)
        .join('\n');
      expect((await parseReply(mail(`Subject: Re: ${made.subject}`, `We look into it.\n\n${body}`))).outcome).toBeNull();
    }
    expect(findTokens(made.subject)).toHaveLength(1);
  });
});

describe('what kind it is', () => {
  it.each([
    ['Auto-Submitted: auto-replied', 'automatic'],
    ['Auto-Submitted: auto-generated; x=y', 'automatic'],
    ['Auto-Submitted: no', 'answer'],
    ['Precedence: bulk', 'automatic'],
    ['Precedence: auto_reply', 'automatic'],
    ['X-Autoreply: yes', 'automatic'],
    ['X-Other: yes', 'answer'],
  ])('%s: %s', async (header, kind) => {
    expect((await read(mail(`${header}\nSubject: ${TOKEN}`))).kind).toBe(kind);
  });

  it('a machine that gives an outcome has answered', async () => {
    expect(await read(mail(`Auto-Submitted: auto-generated\nSubject: ${TOKEN}`, 'OUTCOME: removed'))).toMatchObject({ kind: 'answer', outcome: 'removed' });
  });

  it.each([
    ['failed', '5.1.1', 'bounce'],
    ['delayed', '4.4.7', 'delayed'],
    ['delivered', '2.1.5', 'delivered'],
    ['relayed', '2.1.5', 'delivered'],
  ])('a delivery status: %s', async (action, status, kind) => {
    const third = `Content-Type: text/rfc822-headers\n\nFrom: notices@hotline.example.org\nSubject: Notice [${OTHER}]\nMessage-ID: <${ID}>\n`;
    // Whatever a mail system writes into its text is no outcome.
    expect(await read(DSN(action, status, third))).toMatchObject({ kind, status, notice: 'ntc_1', outcome: null, droppedParts: 0 });
  });

  it('a bounce with the whole message, and one that lost its Message-ID', async () => {
    const whole = `Content-Type: message/rfc822\n\nSubject: x\nMessage-ID: <${ID}>\nContent-Type: text/plain\n\nMessage-ID: <b2@hotline.example.org>\n`;
    expect(await read(DSN('failed', '5.2.2', whole))).toMatchObject({ kind: 'bounce', notice: 'ntc_1' });
    expect(await read(DSN('failed', '5.2.2', `Content-Type: message/rfc822\n\nSubject: Notice [${TOKEN}]\n\nx\n`))).toMatchObject({ notice: 'ntc_1' });
    expect(await read(DSN('failed', '5.2.2', 'Content-Type: text/plain\n\nx\n'))).toMatchObject({ kind: 'bounce', notice: null });
  });

  it('of several recipients the worst counts; what says nothing is no status', () => {
    expect(readDeliveryStatus('A: b\n\nAction: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 5.1.1\n')).toEqual({ kind: 'bounce', status: '5.1.1' });
    expect(readDeliveryStatus('Action: exploded\n')).toBeNull();
  });
});

describe('an outcome stands in an explicit line', () => {
  it.each([
    ['OUTCOME: removed', 'removed'],
    ['Dear all,\n\n outcome : Not Illegal.\n\nRegards', 'not_illegal'],
    ['**Outcome:** moved', 'moved'],
    ['OUTCOME: unavailable\r\nOUTCOME: unavailable', 'unavailable'],
    ['OUTCOME: duplicate\n> OUTCOME: removed', 'duplicate'],
    ['OUTCOME: removed\nOUTCOME: moved', null],
    ['The content was removed.', null],
    ['Removed', null],
    ['OUTCOME: removed soon', null],
    ['OUTCOME: not removed', null],
    ['My OUTCOME: removed', null],
    ['> OUTCOME: removed', null],
    ['On Monday, notices@hotline.example.org wrote:\nOUTCOME: removed', null],
    ['-----Original Message-----\nOUTCOME: removed', null],
    ['OUTCOME: no answer', null],
    ['OUTCOME: withdrawn', null],
    ['', null],
  ])('%j: %s', (text, expected) => {
    expect(readOutcome(text)).toBe(expected);
  });

  it('in HTML too, but not in what it quotes or hides', async () => {
    const html = (body: string): Uint8Array => mail(`Subject: ${TOKEN}\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8`, body);
    expect((await read(html('<p>OUTCOME: removed</p><blockquote>x</blockquote>'))).outcome).toBe('removed');
    expect((await read(html('<p>Hello</p><blockquote>OUTCOME: removed</blockquote>'))).outcome).toBeNull();
    expect((await read(html('<style>\nOUTCOME: removed\n</style><p>Hello</p>'))).outcome).toBeNull();
    expect((await read(html('<script>x</script><img src="https://x.example/">a &lt;b&gt;'))).text).not.toMatch(/<img|script|x\.example/);
  });
});

describe('hostile messages', () => {
  const unreadable = { kind: 'unreadable', text: '', tokens: [], refersTo: [], outcome: null };

  it('too large, too deep, too wide: a person looks', async () => {
    expect(await parseReply(new Uint8Array(REPLY_BYTES_MAX + 1))).toMatchObject(unreadable);
    const deep = Array.from({ length: 30 }, (_none, i) => `Content-Type: multipart/mixed; boundary="b${i}"\n\n--b${i}\n`).join('');
    expect(await parseReply(mail(`Subject: ${TOKEN}\nMIME-Version: 1.0\n${deep.trimEnd()}`))).toMatchObject(unreadable);
    const wide = Array.from({ length: 200 }, (_none, i) => `--b\nContent-Type: multipart/mixed; boundary="c${i}"\n\n--c${i}\n\nx\n`).join('');
    expect(await parseReply(mail('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"', wide))).toMatchObject(unreadable);
    expect(await parseReply(mail('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"', '--b\n\nx\n'.repeat(5000)))).toMatchObject(unreadable);
    expect(await parseReply(mail(`X-A: ${'x'.repeat(300_000)}`))).toMatchObject(unreadable);
  });

  it('keeps text and nothing else', async () => {
    const reply = await parseReply(
      mail(
        `Subject: ${TOKEN}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"`,
        `--b\nContent-Type: text/plain\n\nSee attached.\n--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n${Buffer.from('PICTURE').toString('base64')}\n--b--`,
      ),
    );
    expect(reply).toMatchObject({ droppedParts: 1, kind: 'answer' });
    expect(JSON.stringify(reply)).not.toMatch(/PICTURE|UElDVFVSRQ/);
  });

  it('text is bounded and shows nothing that it does not say', async () => {
    const reply = await parseReply(
      Buffer.from(`Subject: ${TOKEN}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\u202egnp\u0000\u001b[31m${'x'.repeat(200_000)}`),
    );
    expect(reply.text).toHaveLength(TEXT_MAX);
    // oxlint-disable-next-line no-control-regex -- controls are what is looked for
    expect(reply.text).not.toMatch(/[\u0000\u001b\u202e]/);
  });

  it('whatever arrives, there is an answer, and the same one twice', async () => {
    const chunk = fc.constantFrom(
      'Content-Type: multipart/report; boundary=b',
      'Content-Type: message/delivery-status',
      'Content-Type: message/rfc822',
      '--b',
      '--b--',
      '',
      'Action: failed',
      `Message-ID: <${ID}>`,
      `Subject: ${TOKEN}`,
      'Content-Transfer-Encoding: base64',
      'Content-Type: text/html; charset=utf-7',
      '=?UTF-8?B?',
      '<',
      '\u0000',
      'OUTCOME: removed',
      'In-Reply-To: <<>>',
      'References: <a b> <',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(chunk, { maxLength: 40 }).map((lines) => bytes(lines.join('\n'))),
          fc.uint8Array({ maxLength: 2000 }),
        ),
        async (raw) => {
          const [first, second] = [await parseReply(raw), await parseReply(raw)];
          expect(first).toEqual(second);
          expect(first.digest).toMatch(/^[0-9a-f]{64}$/);
          expect(first.text.length).toBeLessThanOrEqual(TEXT_MAX);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('markup without end does not become something else', () => {
    expect(toPlain('<script>OUTCOME: removed')).not.toContain('OUTCOME');
    expect(toPlain('a<br/>b')).toBe('a\nb');
  });
});

describe('the webhook', () => {
  let server: TestServer;
  const taken: Uint8Array[] = [];
  const clock = createFakeClock();
  beforeAll(async () => {
    const principal = (right: 'notices:receive' | 'scan') => ({ kind: 'key' as const, id: 'k', name: 'k', rights: new Set([right]) });
    server = await startTestServer({
      routes: replyRoutes({ receive: async ({ raw }) => void taken.push(raw) }),
      authenticator: { authenticate: async ({ authorization }) => (authorization === 'Bearer gateway' ? principal('notices:receive') : principal('scan')) },
      clock,
    });
  });
  afterAll(() => server.close());
  afterEach(() => void taken.splice(0));
  const call = (type: string, body: string, token = 'gateway') =>
    server.send('POST', '/v1/international/notices/replies', { headers: { 'content-type': type, authorization: `Bearer ${token}`, host: server.host }, body });

  it('takes a message as it is, and as base64', async () => {
    const raw = `Subject: ${TOKEN}\r\n\r\nx`;
    expect((await call('message/rfc822', raw)).status).toBe(204);
    expect((await call('application/json', JSON.stringify({ raw: Buffer.from(raw).toString('base64') }))).status).toBe(204);
    expect(taken.map((one) => Buffer.from(one).toString())).toEqual([raw, raw]);
  });

  it.each([
    ['another right', 'message/rfc822', 'x', 'other', 403],
    ['another type', 'text/plain', 'x', 'gateway', 415],
    ['no JSON', 'application/json', '{', 'gateway', 400],
    ['no base64', 'application/json', '{"raw":"%%%"}', 'gateway', 400],
    ['too large', 'message/rfc822', 'x'.repeat(REPLY_BYTES_MAX + 1), 'gateway', 413],
  ])('%s: %s', async (_what, type, body, token, status) => {
    expect((await call(type, body, token)).status).toBe(status);
    expect(taken).toEqual([]);
  });
});

describe('a mailbox (Dovecot)', () => {
  let imap: TestImapServer;
  const never = new AbortController().signal;
  beforeAll(async () => {
    imap = await startImapServer();
  }, 60_000);
  afterAll(() => imap.close());
  const options = (change: Partial<MailboxOptions> = {}): MailboxOptions => ({
    server: readMailServer(`imaps://mail.example.org:${imap.tlsPort}`),
    outbound: { ...createOutbound([]), resolveHost: async () => ({ address: '127.0.0.1', isAllowed: false }) },
    user: imap.user,
    password: imap.password,
    folder: 'INBOX',
    doneFolder: 'Gatehouse',
    ca: imap.ca,
    timeoutMs: 5_000,
    ...change,
  });
  const subjects = (raws: readonly (string | Uint8Array)[]): (string | undefined)[] =>
    raws.map((raw) => /^Subject: (.*?)\r?$/m.exec(Buffer.from(raw).toString('latin1'))?.[1]);

  it('what was taken is moved, what could not be taken stays, and what is too large is only named', async () => {
    await imap.deliver(mail('Subject: one'));
    await imap.deliver(mail('Subject: two'));
    await imap.deliver(mail(`Subject: ${TOKEN}\nContent-Type: image/png\nIn-Reply-To: <${ID}>`, 'x'.repeat(REPLY_BYTES_MAX)));
    const taken: Uint8Array[] = [];
    const receive = async (raw: Uint8Array): Promise<void> => {
      if (subjects([raw])[0] === 'two' && taken.length < 3) throw new Error('the database is away');
      taken.push(raw);
    };
    expect(await pollMailbox(options(), receive, never)).toEqual({ received: 2, failed: 1 });
    expect(subjects(taken)).toEqual(['one', TOKEN]);
    const large = await read(taken[1] ?? new Uint8Array());
    expect(large).toMatchObject({ notice: 'ntc_1', kind: 'answer', text: expect.stringContaining('Its content was not read') });
    expect(subjects(await imap.list('INBOX'))).toEqual(['two']);
    expect(subjects(await imap.list('Gatehouse'))).toEqual(['one', TOKEN]);
    // STARTTLS, and the same folder again.
    taken.push(new Uint8Array());
    const starttls = options({ server: readMailServer(`imap://mail.example.org:${imap.port}`) });
    expect(await pollMailbox(starttls, receive, never)).toEqual({ received: 1, failed: 0 });
    expect(await pollMailbox(starttls, receive, never)).toEqual({ received: 0, failed: 0 });
    expect(await imap.list('INBOX')).toEqual([]);
  }, 60_000);

  it('a wrong password, another certificate, a private address: nothing is taken', async () => {
    await imap.deliver(mail('Subject: three'));
    const fail = async (): Promise<void> => expect.fail('taken');
    await expect(pollMailbox(options({ password: 'other' }), fail, never)).rejects.toThrow();
    await expect(pollMailbox(options({ ca: undefined }), fail, never)).rejects.toThrow();
    await expect(
      pollMailbox(options({ server: readMailServer(`imaps://127.0.0.1:${imap.tlsPort}`), outbound: createOutbound([]) }), fail, never),
    ).rejects.toMatchObject({ code: 'outbound_refused' });
    expect(subjects(await imap.list('INBOX'))).toEqual(['three']);
    const stopped = new AbortController();
    stopped.abort();
    await expect(pollMailbox(options(), fail, stopped.signal).catch(() => ({ received: 0, failed: 0 }))).resolves.toEqual({ received: 0, failed: 0 });
  }, 60_000);
});

describe('the settings', () => {
  const make = (overrides: Record<string, unknown>) => createReplies({ config: loadConfig({ env: {}, overrides }).config, outbound: createOutbound([]) });
  it('without a mailbox there is the webhook alone', async () => {
    expect((await make({})).poll).toBeNull();
    expect((await make({ noticesImapUrl: 'imaps://mail.example.org', noticesImapUser: 'a', noticesImapPassword: 'b' })).poll).not.toBeNull();
  });

  it.each([{ noticesImapUser: 'a' }, { noticesImapUser: 'a', noticesImapPassword: 'b', noticesImapDoneFolder: 'INBOX' }])('%j is refused', async (settings) => {
    await expect(make({ noticesImapUrl: 'imaps://mail.example.org', ...settings })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
