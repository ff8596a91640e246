/** Each form: against the schema by ajv, read back by Python's `email` and by postal-mime, and with hostile texts in every place. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CLAIM, makeContent, makeItem } from '../../../../test/support/notices.ts';
import { compileSchema, type SchemaChecker } from '../../../platform/json-schema-rules.ts';
import { CLASSIFICATIONS } from '../schema.ts';
import { isMailbox, toLine, toUri } from './clean-rules.ts';
import { createFormats, XARF_SCHEMA_DIR, XARF_SCHEMA_FILES } from './formats.ts';
import { encodeQuotedPrintable, writeHeader, writeMailbox } from './mime-rules.ts';
import { renderHandover } from './handover-sheet.tsx';
import { makeMessageId, makeReportUuid, makeToken } from './names.ts';
import { ITEMS_MAX } from './schema.ts';
import { joinSchemas, XARF_FORMATS } from './xarf-schema-rules.ts';

const formats = createFormats();
const BASE = 'https://xarf.org/schemas/v4/types/';
let official: (type: 'content-csam' | 'content-csem', report: unknown) => boolean;
let ours: SchemaChecker;
const decoder = new TextDecoder();

beforeAll(async () => {
  const files = Object.fromEntries(
    await Promise.all(XARF_SCHEMA_FILES.map(async (name) => [name, JSON.parse(await readFile(join(XARF_SCHEMA_DIR, `${name}.json`), 'utf8'))] as const)),
  );
  ours = compileSchema(joinSchemas(files), XARF_FORMATS);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const passes = (schema: z.ZodType) => (text: string) => schema.safeParse(text).success;
  ajv.addFormat('uuid', passes(z.uuid()));
  ajv.addFormat('date-time', passes(z.iso.datetime({ offset: true })));
  ajv.addFormat('email', passes(z.email()));
  ajv.addFormat('hostname', passes(z.hostname()));
  ajv.addFormat('uri', (text: string) => /^[!-~]+$/.test(text) && URL.canParse(text));
  ajv.addFormat('ipv4', passes(z.ipv4()));
  ajv.addFormat('ipv6', passes(z.ipv6()));
  for (const schema of Object.values(files)) ajv.addSchema(schema as object);
  official = (type, report) => ajv.getSchema(`${BASE}${type}.json`)?.(report) === true;
});

const reportOf = (json: string | undefined): Record<string, unknown> => JSON.parse(json ?? 'null');

describe('XARF', () => {
  it.each(CLASSIFICATIONS)('%s', async (classification) => {
    const { json, leftOut } = await formats.compose('xarf', makeContent({ items: [makeItem({ classification })] }));
    if (classification === 'not_assessed') {
      expect(json).toEqual([]);
      expect(leftOut).toMatchObject([{ reportId: 'rep_1', reason: /assessed/ }].map(({ reportId }) => ({ reportId })));
      return;
    }
    const report = reportOf(json[0]);
    const type = classification === 'national' ? 'csem' : 'csam';
    expect(official(`content-${type}`, report)).toBe(true);
    expect(report).toMatchObject({
      type,
      category: 'content',
      url: 'https://host.example.org/a/b?c=1',
      source_identifier: '192.0.2.10',
      country_code: 'NL',
      asn: 64_496,
    });
    // Never "baseline" for what is not.
    expect(report['classification']).toBe(classification === 'national' ? undefined : classification);
    expect(report['tags']).toContain('legal-basis:directive-2011-93-eu-article-25');
    expect((report['tags'] as string[]).includes('national-classification:illegal')).toBe(classification === 'national');
    expect(report['evidence']).toBeUndefined();
  });

  it.each(['hash_match', 'ai_detection', 'manual_review', 'user_report', 'automated_scan'] as const)('found by %s, on both scales', async (detection) => {
    for (const classification of ['A1', 'national'] as const) {
      const { json } = await formats.compose('xarf', makeContent({ items: [makeItem({ detection, classification })] }));
      expect(official(classification === 'national' ? 'content-csem' : 'content-csam', reportOf(json[0]))).toBe(true);
      expect(reportOf(json[0])['tags']).toContain(`detection:${detection.replaceAll('_', '-')}`);
    }
  });

  it('a reminder says so, and the same notice gives the same report', async () => {
    const content = makeContent({ sequence: 3 });
    const [first, second] = [await formats.compose('xarf', content), await formats.compose('xarf', content)];
    expect(first).toEqual(second);
    expect(reportOf(first.json[0])['tags']).toContain('notice-sequence:3');
    expect(makeReportUuid('a', 'b')).not.toBe(makeReportUuid('a', 'c'));
  });

  it('says nothing about where an edge leads, and takes names in other scripts', async () => {
    const edge = {
      ...CLAIM,
      origin: 'edge_origin_unknown' as const,
      country: null,
      addresses: CLAIM.addresses.map((one) => ({ ...one, isEdge: true, country: null })),
    };
    const { json, text } = await formats.compose('arf', makeContent({ items: [makeItem({ url: 'http://bücher.example/ä?q=€|x#[y]' }, edge)] }));
    const report = reportOf(json[0]);
    expect(official('content-csam', report)).toBe(true);
    expect(report).toMatchObject({ url: 'http://xn--bcher-kva.example/%C3%A4?q=%E2%82%AC%7Cx#%5By%5D' });
    for (const field of ['hosting_provider', 'country_code', 'domain']) expect(report).not.toHaveProperty(field);
    expect(text).toContain('where the origin is, is unknown');
  });

  it('our checker and ajv agree on reports with one thing changed', async () => {
    const { json } = await formats.compose('xarf', makeContent());
    const report = reportOf(json[0]);
    const values = [7, 'x', '', [], {}, null, true, 'a'.repeat(1001), ['Not A Tag'], Array.from({ length: 30 }, () => 'a:b'), 'https://x/', 4_294_967_296, -1];
    let refused = 0;
    for (const path of [
      ...Object.keys(report).map((name) => [name]),
      ...['org', 'contact', 'domain', 'x'].map((name) => ['reporter', name]),
      ['hash_values', 'sha256'],
      ['hash_values', 'md5'],
    ])
      for (const value of [undefined, ...values]) {
        const changed = structuredClone(report);
        const parent = path.slice(0, -1).reduce<unknown>((node, name) => Reflect.get(Object(node), name), changed) as Record<string, unknown>;
        if (value === undefined) Reflect.deleteProperty(parent, path.at(-1) ?? '');
        else Reflect.set(parent, path.at(-1) ?? '', value);
        const isValid = ours.check('content-csam', changed).length === 0;
        expect([path.join('/'), value, isValid]).toEqual([path.join('/'), value, official('content-csam', changed)]);
        if (!isValid) refused++;
      }
    expect(refused).toBeGreaterThan(150);
  });

  it('a reference of another kind is refused, not passed over', () => {
    expect(() => joinSchemas({ a: { $ref: 'https://elsewhere.example/x.json' } })).toThrow('not known');
    expect(() => joinSchemas({ a: { $ref: '#/definitions/x' } })).toThrow('not known');
  });
});

/** The same as a program of somebody else reads it. */
async function readWithPython(raw: Uint8Array): Promise<z.output<typeof Seen>> {
  const script = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
def walk(p):
    return {'type': p.get_content_type(), 'params': {k: v for k, v in (p['content-type'].params or {}).items()} if p['content-type'] else {}, 'defects': [repr(d) for d in p.defects],
            'parts': [walk(q) for q in p.iter_parts()] if p.get_content_maintype() == 'multipart' else [],
            'body': None if p.is_multipart() else p.get_payload(decode=True).decode('utf-8')
                    , 'inner': [[k, v] for k, v in p.get_payload()[0].items()] if p.get_content_type() == 'message/feedback-report' else []}
print(json.dumps({'headers': [[k, str(v)] for k, v in m.items()], 'to': [a.addr_spec for a in m['to'].addresses], 'from': [[a.display_name, a.addr_spec] for a in m['from'].addresses], 'root': walk(m),
                  'headerDefects': [repr(d) for k in m.keys() for d in m[k].defects]}))`;
  const running = promisify(execFile)('python3', ['-c', script], { maxBuffer: 1 << 26 });
  // A program that ended early breaks the pipe; how it ended is told by `running`.
  running.child.stdin?.on('error', () => undefined).end(raw);
  return Seen.parse(JSON.parse((await running).stdout));
}
interface SeenPart {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
  readonly defects: readonly string[];
  readonly parts: readonly SeenPart[];
  readonly body: string | null;
  readonly inner: readonly (readonly string[])[];
}
const SeenPartSchema: z.ZodType<SeenPart> = z.lazy(() =>
  z.object({
    type: z.string(),
    params: z.record(z.string(), z.string()),
    defects: z.array(z.string()),
    parts: z.array(SeenPartSchema),
    body: z.string().nullable(),
    inner: z.array(z.array(z.string())),
  }),
);
const Seen = z.object({
  headers: z.array(z.tuple([z.string(), z.string()])),
  to: z.array(z.string()),
  from: z.array(z.tuple([z.string(), z.string()])),
  headerDefects: z.array(z.string()),
  root: SeenPartSchema,
});

const LONG = `https://host.example.org/${'x'.repeat(3900)}`;

describe('ARF', () => {
  it('three parts, as Python and postal-mime read them', async () => {
    const content = makeContent({ sequence: 2, earlier: ['first@hotline.example.org'], firstSentAt: new Date('2026-11-20T10:00:00.000Z') });
    const made = await formats.compose('arf', content);
    const seen = await readWithPython(made.raw);
    expect(seen.headerDefects).toEqual([]);
    expect(seen.root).toMatchObject({ type: 'multipart/report', defects: [] });
    expect(seen.root.params['report-type']).toBe('feedback-report');
    expect(seen.root.parts.map(({ type }) => type)).toEqual(['text/plain', 'message/feedback-report', 'application/json']);
    expect(seen.root.parts[0]?.body?.replaceAll('\r\n', '\n')).toBe(made.text);
    expect(seen.root.parts[2]?.body).toBe(made.json[0]);
    expect(Object.fromEntries(seen.root.parts[1]?.inner ?? [])).toEqual({
      'Feedback-Type': 'other',
      'User-Agent': 'Gatehouse/0.1.0',
      Version: '1',
      'Arrival-Date': 'Wed, 25 Nov 2026 10:00:00 +0000',
      'Source-IP': '192.0.2.10',
      Incidents: '1',
      'Reported-Domain': 'host.example.org',
      'Reported-URI': 'https://host.example.org/a/b?c=1',
    });
    expect(Object.fromEntries(seen.headers)).toMatchObject({
      'Message-ID': `<${content.messageId}>`,
      'In-Reply-To': '<first@hotline.example.org>',
      References: '<first@hotline.example.org>',
      'Auto-Submitted': 'auto-generated',
      Subject: `Notice (reminder 1) of illegal content [${content.token}]`,
    });
    expect([seen.to, seen.from]).toEqual([['abuse@host.example.net'], [['Example Hotline', 'notices@hotline.example.org']]]);
    const mail = await PostalMime.parse(made.raw);
    expect(mail).toMatchObject({ messageId: `<${content.messageId}>`, subject: made.subject, from: { address: 'notices@hotline.example.org' } });
    expect(mail.text?.trimEnd()).toBe(made.text);
    const attached = mail.attachments.find(({ mimeType }) => mimeType === 'application/json');
    expect(decoder.decode(attached?.content as ArrayBuffer)).toBe(made.json[0]);
  });

  it('many reports of one host in one message, long addresses and what cannot be said in XARF', async () => {
    const items = [
      { ...makeItem(), reportId: 'rep_1' },
      { ...makeItem({ url: LONG, classification: 'national' }), reportId: 'rep_2' },
      { ...makeItem({ classification: 'not_assessed', url: 'https://other.example.org/' }, null), reportId: 'rep_3' },
    ];
    const made = await formats.compose('arf', makeContent({ items }));
    const { root } = await readWithPython(made.raw);
    expect(root.parts.map(({ type }) => type)).toEqual(['text/plain', 'message/feedback-report', 'multipart/mixed']);
    expect(root.parts[2]?.parts.map(({ body }) => body)).toEqual(made.json);
    expect(made.leftOut.map(({ reportId }) => reportId)).toEqual(['rep_3']);
    const fields = root.parts[1]?.inner ?? [];
    expect(fields.filter(([name]) => name === 'Reported-Domain').map(([, value]) => value)).toEqual(['host.example.org', 'other.example.org']);
    // RFC 5965: Source-IP at most once. The long address stands in the text and the JSON.
    expect(fields.filter(([name]) => name === 'Source-IP')).toEqual([]);
    expect(fields.filter(([name]) => name === 'Reported-URI')).toHaveLength(2);
    expect(reportOf(made.json[1])['url']).toBe(LONG);
  });

  it('nothing assessed: two parts, as RFC 6522 allows', async () => {
    const { raw } = await formats.compose('arf', makeContent({ items: [makeItem({ classification: 'not_assessed' })] }));
    expect((await readWithPython(raw)).root.parts.map(({ type }) => type)).toEqual(['text/plain', 'message/feedback-report']);
  });

  it.each(['xarf', 'arf', 'dsa', 'handover'] as const)('%s: 7-bit, CRLF, short lines, and no address where logs look', async (format) => {
    const content = makeContent({ items: [makeItem({ basis: 'Grüße 測試 '.repeat(50) }), { ...makeItem({ url: LONG }), reportId: 'rep_2' }] });
    const { raw, subject, text } = await formats.compose(format, content);
    const whole = decoder.decode(raw);
    expect(raw.every((byte) => byte < 0x80 && byte !== 0)).toBe(true);
    expect(whole.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    const [head = ''] = whole.split('\r\n\r\n');
    for (const line of head.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
    for (const line of whole.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    for (const place of [subject, head]) expect(place).not.toMatch(/host\.example\.org|https?:/);
    // No program in between opens what a person should not open by accident.
    expect(text).not.toMatch(/https?:/);
    expect(text).toContain('hxxps://host.example.org/');
    expect((await readWithPython(raw)).root.defects).toEqual([]);
  });

  it.each([
    ['no authority', makeContent({ authority: null }), /authority/],
    ['no address', makeContent({ recipient: { ...makeContent().recipient, email: null } }), /no e-mail/],
    ['two addresses', makeContent({ recipient: { ...makeContent().recipient, email: 'a@example.org, b@example.org' } }), /cannot be used/],
    ['a header in the address', makeContent({ recipient: { ...makeContent().recipient, email: 'a@example.org\r\nBcc: b@example.org' } }), /cannot be used/],
    ['nothing in it', makeContent({ items: [] }), /from 1 to/],
    ['too much in it', makeContent({ items: Array.from({ length: ITEMS_MAX + 1 }, () => makeItem()) }), /from 1 to/],
  ])('%s: refused', async (_what, content, message) => {
    await expect(formats.compose('arf', content)).rejects.toMatchObject({ code: 'notice_invalid', message: expect.stringMatching(message) });
  });

  it('no text of a stranger leaves its place', async () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom(
        'a\r\nBcc: x@example.org',
        '"\r\n\r\nbody',
        '=?UTF-8?B?QQ==?=',
        '\u202egnp.exe',
        '--=_gh',
        '.',
        'From x',
        '\ud800',
        'OUTCOME: removed\nOUTCOME: removed',
      ),
    );
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, async (name, basis, network) => {
        const claim = { ...CLAIM, registrar: name, addresses: CLAIM.addresses.map((one) => ({ ...one, network })) };
        const base = makeContent();
        const content = makeContent({
          items: [makeItem({ basis, reference: name }, claim)],
          recipient: { ...base.recipient, name },
          legalBasis: basis,
          authority: { body: network, law: name, countries: ['NL'], contactEmail: 'notices@hotline.example.org' },
        });
        const { raw, json, text } = await formats.compose('arf', content);
        expect(official('content-csam', reportOf(json[0]))).toBe(true);
        const mail = await PostalMime.parse(raw);
        expect(mail.headers.map(({ key }) => key)).toEqual([
          'from',
          'to',
          'subject',
          'date',
          'message-id',
          'auto-submitted',
          'x-auto-response-suppress',
          'mime-version',
          'content-type',
        ]);
        expect(mail.to).toMatchObject([{ address: 'abuse@host.example.net' }]);
        expect(mail.from?.address).toBe('notices@hotline.example.org');
        expect(mail.text?.trimEnd()).toBe(text.trimEnd());
        expect(text.split('\n').filter((line) => /^OUTCOME:/i.test(line))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the other forms', () => {
  it('the elements of article 16', async () => {
    const { json, text } = formats.dsa(makeContent());
    expect(JSON.parse(json)).toMatchObject({
      notifier: { name: 'Example Hotline', email: 'notices@hotline.example.org' },
      good_faith_statement: expect.stringContaining('good faith'),
      legal_ground: 'Directive 2011/93/EU, article 25',
      items: [{ exact_electronic_location: 'https://host.example.org/a/b?c=1', reasons: expect.stringContaining('Assessed by an analyst') }],
    });
    expect(text).toContain('Exact location: https://host.example.org/a/b?c=1');
    expect(() => formats.dsa(makeContent({ authority: null }))).toThrow(/authority/);
    // A form needs no address of the recipient.
    expect(formats.dsa(makeContent({ recipient: { ...makeContent().recipient, email: null } })).text).toContain('Notifier: Example Hotline');
  });

  it('the hand-over sheet needs no authority, says whose claim it is, and escapes', () => {
    const content = makeContent({ authority: null, scope: 'hotline', items: [makeItem({ basis: '<script>alert(1)</script>' }), makeItem({}, null)] });
    const { json, text } = formats.handover(content);
    const html = renderHandover(content);
    expect(JSON.parse(json)).toMatchObject({
      sender: null,
      reference: content.token,
      items: [{ url: 'https://host.example.org/a/b?c=1', hosting: { country: 'NL' } }, { hosting: null }],
    });
    expect(text).toContain('claims no authority');
    expect(text).toContain('probably NL (2 of 3 datasets)');
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toMatch(/<script|<style|style=|https?:\/\/host|<a /);
    expect(html).toContain('hxxps://host.example.org/a/b?c=1');
  });
});

describe('small things', () => {
  it('addresses in the letters of RFC 3986', () => {
    expect(toUri('HTTPS://User:p%40ss@EXAMPLE.org:443/a b/%zz?x=[1]#a#b')).toBe('https://User:p%40ss@example.org/a%20b/%25zz?x=%5B1%5D#a%23b');
    expect(toUri('http://%zz:a%20b@example.org/')).toBe('http://%25zz:a%20b@example.org/');
    expect(toUri('http://[2001:db8::1]:8080/')).toBe('http://[2001:db8::1]:8080/');
    expect(() => toUri('not an address')).toThrow(/cannot be read/);
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
        const uri = toUri(url);
        expect(XARF_FORMATS['uri']?.(uri)).toBe(true);
        // It still leads to the same place, and doing it twice changes nothing.
        expect(decodeURI(new URL(uri).href)).toBe(decodeURI(new URL(url).href));
        expect(toUri(uri)).toBe(uri);
      }),
    );
  });

  it.each([
    ['a@example.org', true],
    ['a.b+c@sub.example.org', true],
    ['a@example', false],
    ['a b@example.org', false],
    ['"a"@example.org', false],
    ['a@example.org>', false],
    ['a@example.org\n', false],
    ['.a@example.org', false],
    ['a..b@example.org', false],
    ['a@-example.org', false],
    ['a@192.0.2.1', false],
    [`${'a'.repeat(65)}@example.org`, false],
    ['ä@example.org', false],
  ])('%j is a mailbox: %s', (text, expected) => {
    expect(isMailbox(text)).toBe(expected);
  });

  it('quoted-printable of any text is read back by Python', async () => {
    const lines = fc.sample(fc.string({ unit: 'grapheme', maxLength: 300 }), 200).map((line) => line.replace(/[\r\n]/g, ' '));
    const all = [
      ...lines,
      ' ',
      'a ',
      '.',
      '..',
      'From me',
      '='.repeat(100),
      'ä'.repeat(100),
      `${'x'.repeat(75)}.`,
      `${'x'.repeat(75)} `,
      `${'x'.repeat(74)} .`,
      '--x',
    ];
    const encoded = all.map((line) => encodeQuotedPrintable(line));
    for (const line of encoded.flat()) {
      expect(line.length).toBeLessThanOrEqual(76);
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(line).not.toMatch(/^[.-]|^From| $/);
    }
    const running = promisify(execFile)('python3', [
      '-c',
      'import sys, json, quopri; print(json.dumps([quopri.decodestring("\\n".join(l).encode()).decode() for l in json.load(sys.stdin)]))',
    ]);
    running.child.stdin?.on('error', () => undefined).end(JSON.stringify(encoded));
    expect(JSON.parse((await running).stdout)).toEqual(all);
  });

  it('headers are folded and encoded', () => {
    expect(writeHeader('Subject', 'a\r\nBcc: b')).toBe('Subject: a Bcc: b');
    expect(writeMailbox('A "B" \\ C', 'a@example.org')).toBe(String.raw`"A \"B\" \\ C" <a@example.org>`);
    expect(writeMailbox('', 'a@example.org')).toBe('<a@example.org>');
    for (const line of writeHeader('Subject', '測'.repeat(200)).split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
  });

  it('names: unguessable, and nothing in them says what it is about', () => {
    expect(makeToken()).toMatch(/^gh-[0-9a-f]{26}$/);
    expect(makeMessageId('example.org')).toMatch(/^[0-9a-f]{40}@example\.org$/);
    expect(new Set(Array.from({ length: 100 }, makeToken)).size).toBe(100);
    expect(toLine('a\u202e\u0000b\n c')).toBe('a b c');
    expect(toLine('x'.repeat(400))).toHaveLength(300);
  });
});
