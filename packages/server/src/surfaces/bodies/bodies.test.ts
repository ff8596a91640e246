import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeJpeg, fieldHead, fileHead, multipart, openBodyLab, sha256, type BodyLab } from '../../../test/support/bodies.ts';
import type { BodyVerdict } from './index.ts';

let lab: BodyLab;
const LISTED = fakeJpeg('listed');
const CLEAR = fakeJpeg('clear');
beforeAll(async () => {
  lab = await openBodyLab();
});
afterAll(() => lab.stop());
beforeEach(() => {
  lab.listed.clear();
  lab.listed.add(sha256(LISTED)).add(sha256(LONG)).add(sha256(LARGE));
});

const FORM = { 'content-type': 'multipart/form-data; boundary=XyZ123' };
const JSON_TYPE = { 'content-type': 'application/json' };
const kindOf = (verdict: BodyVerdict): string =>
  verdict.kind === 'stop' ? `stop ${verdict.passed.verdict}` : verdict.kind === 'refuse' ? `refuse ${verdict.reason}` : verdict.kind;
const screen = async (body: Uint8Array | string, headers: Record<string, string>): Promise<string> =>
  kindOf(await lab.screen(Buffer.from(body as string), headers));
const form = (...parts: Parameters<typeof multipart>[1]): Buffer => multipart('XyZ123', parts);

/** The probes of the study (intake-and-media.md, section 1d): four of seven passed a stock parser. */
describe('the seven probes, each with a listed file', () => {
  it.each<[string, Uint8Array | string, Record<string, string>, string]>([
    ['a part with a file name', form({ head: fileHead('a.jpg'), content: LISTED }), FORM, 'stop match'],
    ['the raw body', LISTED, { 'content-type': 'image/jpeg' }, 'stop match'],
    ['a part without a file name', form({ head: fieldHead('text'), content: LISTED }), FORM, 'stop match'],
    [
      'Content-Transfer-Encoding: base64',
      form({ head: `${fileHead('a.jpg')}\r\nContent-Transfer-Encoding: base64`, content: LISTED.toString('base64') }),
      FORM,
      'refuse transfer_coding',
    ],
    ['base64 in JSON', JSON.stringify({ picture: LISTED.toString('base64') }), JSON_TYPE, 'stop match'],
    [
      'nested multipart',
      form({
        head: `${fieldHead('files')}\r\nContent-Type: multipart/mixed; boundary=inner`,
        content: multipart('inner', [{ head: fileHead('a.jpg'), content: LISTED }]),
      }),
      FORM,
      'refuse nested',
    ],
    [
      'two boundaries',
      form({ head: fileHead('a.jpg'), content: LISTED }),
      { 'content-type': 'multipart/form-data; boundary=other; boundary=XyZ123' },
      'refuse malformed',
    ],
  ])('%s', async (_name, body, headers, expected) => {
    expect(await screen(body, headers)).toBe(expected);
  });
});

describe('what passes', () => {
  it.each<[string, Uint8Array | string, Record<string, string>]>([
    [
      'a form with fields and a clear picture',
      form(
        { head: fieldHead('title'), content: 'BMW, sommer 2026 – schön' },
        { head: fileHead('a.jpg'), content: CLEAR },
        { head: fieldHead('none'), content: '' },
        { head: 'Content-Disposition: form-data; name="f"; filename=""\r\nContent-Type: application/octet-stream', content: '' },
      ),
      FORM,
    ],
    ...[
      'multipart/form-data; boundary="XyZ123"',
      'multipart/form-data;charset=UTF-8;boundary=XyZ123;',
      'multipart/related; type="application/json"; boundary=XyZ123',
      'Multipart/Form-Data; Boundary=XyZ123',
    ].map((type): [string, Buffer, Record<string, string>] => [
      type,
      form({ head: `${fileHead('a.jpg', 'image/jpeg; charset=binary')}\r\nContent-Length: ${CLEAR.length}`, content: CLEAR }),
      { 'content-type': type },
    ]),
    [
      'a boundary with that word in it',
      multipart('Boundary-1', [{ head: fieldHead('a'), content: 'b' }]),
      { 'content-type': 'multipart/form-data; boundary=Boundary-1' },
    ],
    ['addresses with percent signs', JSON.stringify({ p: `https://a.example/${'%D0%9F%E9/100%'.repeat(60)}` }), JSON_TYPE],
    ['a raw clear picture', CLEAR, { 'content-type': 'image/jpeg' }],
    ['a raw clear picture without a type', CLEAR, {}],
    ['JSON', JSON.stringify({ text: 'hello "you" \\ é', list: [1, 2, 3], deep: { a: null } }), JSON_TYPE],
    ['JSON with a clear picture in it', JSON.stringify({ picture: `data:image/jpeg;base64,${CLEAR.toString('base64')}` }), JSON_TYPE],
    ['JSON with a token', JSON.stringify({ state: Buffer.alloc(3000, 'k\x01\xfe').toString('base64') }), JSON_TYPE],
    ['a long text in a form', form({ head: fieldHead('text'), content: 'a long märchen '.repeat(20_000) }), FORM],
    ['lines of JSON', '{"a":1}\n{"b":2}\n', { 'content-type': 'application/x-ndjson' }],
    ['a urlencoded form', 'title=hello+world&text=caf%C3%A9&csrf=abc', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['HTML', '<p>Hello <b>you</b> and <svg viewBox="0 0 1 1"></svg></p>', { 'content-type': 'text/html; charset=utf-8' }],
    ['a long prose text', 'lorem ipsum dolor sit amet '.repeat(500), { 'content-type': 'text/plain' }],
  ])('%s', async (_name, body, headers) => {
    expect(await screen(body, headers)).toBe('release');
  });

  it('fields of a form cost no entry of the log', async () => {
    await screen(form({ head: fieldHead('title'), content: 'hello' }, { head: fileHead('a.jpg'), content: CLEAR }), FORM);
    expect([...lab.seen]).toEqual([sha256(CLEAR)]);
  });

  it('one file may have a receipt, a form has none', async () => {
    const raw = await lab.screen(CLEAR, { 'content-type': 'image/jpeg' }, { wantsReceipt: true });
    expect(raw.kind === 'release' && raw.pieces[0]?.receipt).toMatch(/^ey/);
    const other = await lab.screen(form({ head: fileHead('a.jpg'), content: CLEAR }), FORM, { wantsReceipt: true });
    expect(other.kind === 'release' && other.pieces.map(({ receipt }) => receipt)).toEqual([undefined]);
  });
});

const PERCENT = [...LISTED].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const PERCENT_BASE64 = LISTED.toString('base64').replaceAll(/(?<=.{20})./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
/** Its base64 has a last line of 16 letters. */
const LONG = fakeJpeg('listed', 1240);
const LARGE = fakeJpeg('listed', 90_000);
const escapeLetters = (text: string): string => Array.from(text, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

describe('a listed file is found', () => {
  const base64 = LISTED.toString('base64');
  it.each<[string, Uint8Array | string, Record<string, string>]>([
    ['beside a clear one', form({ head: fileHead('a.jpg'), content: CLEAR }, { head: fileHead('b.jpg'), content: LISTED }), FORM],
    ['under a text type', form({ head: fileHead('a.txt', 'text/plain'), content: LISTED }), FORM],
    [
      'in multipart/related',
      multipart('XyZ123', [
        { head: 'Content-Type: application/json', content: '{}' },
        { head: 'Content-Type: image/jpeg', content: LISTED },
      ]),
      { 'content-type': 'multipart/related; boundary="XyZ123"' },
    ],
    ['raw, under a false type', LISTED, { 'content-type': 'application/json' }],
    ['raw, as a form', LISTED, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as a data: address in JSON', JSON.stringify([{ deep: [`data:image/jpeg;base64,${base64}`] }]), JSON_TYPE],
    ['in base64url', JSON.stringify({ p: LISTED.toString('base64url') }), JSON_TYPE],
    ['in base64 with line ends', JSON.stringify({ p: base64.replaceAll(/.{76}/g, '$&\r\n') }), JSON_TYPE],
    ['in escaped letters', `{"p":"${escapeLetters(base64)}"}`, JSON_TYPE],
    ['in the first of two members of one name', `{"p":"${base64}","p":""}`, JSON_TYPE],
    ['in the name of a member', JSON.stringify({ [base64]: 1 }), JSON_TYPE],
    ['in JSON in JSON', JSON.stringify({ body: JSON.stringify({ p: base64 }) }), JSON_TYPE],
    ['in base64 of JSON with base64', JSON.stringify({ body: Buffer.from(JSON.stringify({ p: base64 })).toString('base64') }), JSON_TYPE],
    ['in hexadecimal', JSON.stringify({ p: LISTED.toString('hex') }), JSON_TYPE],
    ['as an array of numbers', JSON.stringify({ p: [...LISTED] }), JSON_TYPE],
    ['as an array of numbers behind one that is no byte', JSON.stringify({ p: [1000, ...LISTED] }), JSON_TYPE],
    ['in JSON in a field of a form, as PHP writes it', form({ head: fieldHead('a'), content: JSON.stringify({ p: base64 }).replaceAll('/', '\\/') }), FORM],
    ['in JSON in a field of a form, in escaped letters', form({ head: fieldHead('a'), content: `{"p":"${escapeLetters(base64)}"}` }), FORM],
    ['in JSON in JSON, in escaped letters', JSON.stringify({ body: JSON.stringify({ body: `{"p":"${escapeLetters(base64)}"}` }) }), JSON_TYPE],
    [
      'in HTML, with letters as entities',
      `<img src="data:image/jpeg;base64,${base64.replaceAll('/', '&#47;').replaceAll('A', '&#x41;')}">`,
      { 'content-type': 'text/html' },
    ],
    ['in CSS, with escaped letters', `a{background:url("data:image/jpeg;base64,${base64.replaceAll('/', '\\2f ')}")}`, { 'content-type': 'text/css' }],
    ['in base64 in short lines', JSON.stringify({ p: base64.replaceAll(/.{20}/g, '$&\n') }), JSON_TYPE],
    ['in base64 broken up by other signs', JSON.stringify({ p: base64.replaceAll(/.{8}/g, '$& . ') }), JSON_TYPE],
    ['in a data: address in short lines', `<img src="data:image/jpeg;base64,${base64.replaceAll(/.{20}/g, '$&\n')}">`, { 'content-type': 'text/html' }],
    ['as a binary string', JSON.stringify({ p: LISTED.toString('latin1') }), JSON_TYPE],
    ['in a field of a form', form({ head: fieldHead('picture'), content: `data:image/jpeg;base64,${base64}` }), FORM],
    ['in a large field of a form', form({ head: fieldHead('picture'), content: `data:image/jpeg;base64,${LARGE.toString('base64')}` }), FORM],
    ['in the head of a part', form({ head: `${fieldHead('a')}\r\nX-Data: ${base64}`, content: 'x' }), FORM],
    ['in a urlencoded form', `picture=${encodeURIComponent(base64)}`, { 'content-type': 'application/x-www-form-urlencoded' }],
    [
      'in a urlencoded form, as bytes',
      `picture=${[...LISTED].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`,
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['in HTML', `<p><img src="data:image/jpeg;base64,${base64}"></p>`, { 'content-type': 'text/html' }],
    [
      'in HTML, percent-encoded',
      `<img src="data:image/jpeg,${[...LISTED].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}">`,
      { 'content-type': 'text/html' },
    ],
    [
      'in base64 in lines of which the last is short',
      `<m><base64>${LONG.toString('base64').replaceAll(/.{76}/g, '$&\n')}</base64></m>`,
      { 'content-type': 'text/xml' },
    ],
    ['in base64 in lines of which XML made one', `<m><base64>${base64.replaceAll(/.{76}/g, '$& ')}</base64></m>`, { 'content-type': 'text/xml' }],
    ['in base64 with spaces for plus signs', JSON.stringify({ p: `data:image/jpeg;base64,${base64.replaceAll('+', ' ')}` }), JSON_TYPE],
    ['in percent signs in JSON', JSON.stringify({ p: PERCENT }), JSON_TYPE],
    ['in a urlencoded part', form({ head: `${fieldHead('a')}\r\nContent-Type: application/x-www-form-urlencoded`, content: `b=1&p=${PERCENT}` }), FORM],
    ['in base64, escaped twice', `p=${encodeURIComponent(PERCENT_BASE64)}`, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as bytes with signs, as Java writes them', JSON.stringify({ p: [...new Int8Array(LISTED)] }), JSON_TYPE],
    ['as the bytes of a script', JSON.stringify({ p: new Uint8Array(LISTED) }), JSON_TYPE],
    ['in XML', `<?xml version="1.0"?><methodCall><base64>\n${base64.replaceAll(/.{76}/g, '$&\n')}\n</base64></methodCall>`, { 'content-type': 'text/xml' }],
  ])('%s', async (_name, body, headers) => {
    expect(await screen(body, headers)).toBe('stop match');
  });

  it('as a whole body of another kind: a listed text, a listed form', async () => {
    const text = '{"a":1}';
    lab.listed.add(sha256(Buffer.from(text)));
    expect(await screen(text, JSON_TYPE)).toBe('stop match');
    const body = form({ head: fieldHead('a'), content: 'b' });
    lab.listed.add(sha256(body));
    expect(await screen(body, FORM)).toBe('stop match');
  });
});

describe('what could be read in two ways is refused', () => {
  const part = { head: fileHead('a.jpg'), content: CLEAR };
  const good = form(part);
  const text = good.toString('latin1');
  const bytes = (value: string): Buffer => Buffer.from(value, 'latin1');
  it.each<[string, Uint8Array | string, Record<string, string>, string]>([
    ['text before the first boundary', bytes(`hidden\r\n${text}`), FORM, 'refuse malformed'],
    ['a line end before the first boundary', bytes(`\r\n${text}`), FORM, 'refuse malformed'],
    ['text after the last boundary', bytes(`${text}hidden`), FORM, 'refuse malformed'],
    ['a second body after the last boundary', bytes(text + text), FORM, 'refuse malformed'],
    ['no last boundary', bytes(text.slice(0, -8)), FORM, 'refuse malformed'],
    ['bare line feeds', bytes(text.replaceAll('\r\n', '\n')), FORM, 'refuse malformed'],
    ['a bare line feed before the last boundary', bytes(text.replace('\r\n--XyZ123--', '\n--XyZ123--')), FORM, 'refuse malformed'],
    ['a boundary that goes on', bytes(text.replace('--XyZ123--', '--XyZ1234--')), FORM, 'refuse malformed'],
    ['white space behind a boundary', bytes(text.replace('--XyZ123\r\n', '--XyZ123 \r\n')), FORM, 'refuse malformed'],
    [
      'a boundary in the middle of content',
      form({ head: fileHead('a.jpg'), content: Buffer.concat([CLEAR, bytes('--XyZ123\r\n'), LISTED]) }),
      FORM,
      'refuse malformed',
    ],
    ['no head', bytes(`--XyZ123\r\n\r\nabc\r\n--XyZ123--\r\n`), FORM, 'refuse malformed'],
    ['a folded head', form({ head: `${fileHead('a.jpg')};\r\n boundary=x`, content: CLEAR }), FORM, 'refuse malformed'],
    ['a head with a bare line feed', form({ head: `${fieldHead('a')}\nContent-Type: multipart/mixed; boundary=x`, content: CLEAR }), FORM, 'refuse malformed'],
    ['a head with a zero byte', form({ head: fieldHead('a\0'), content: CLEAR }), FORM, 'refuse malformed'],
    ['a space before the colon', form({ head: `${fieldHead('a')}\r\nContent-Type : image/jpeg`, content: CLEAR }), FORM, 'refuse malformed'],
    ['two types in one part', form({ head: `${fileHead('a.jpg')}\r\ncontent-type: text/plain`, content: CLEAR }), FORM, 'refuse malformed'],
    ['a coded part', form({ head: `${fileHead('a.jpg')}\r\nContent-Encoding: gzip`, content: CLEAR }), FORM, 'refuse content_coding'],
    ['a message in a part', form({ head: `${fieldHead('a')}\r\nContent-Type: message/rfc822`, content: 'x' }), FORM, 'refuse nested'],
    ['no part', bytes('--XyZ123--\r\n'), FORM, 'refuse malformed'],
    ['no boundary', good, { 'content-type': 'multipart/form-data' }, 'refuse malformed'],
    // Each was read otherwise by PHP 8.2, or is by the expressions of Rack and formidable: the part that ours takes for a picture is a form for them.
    ...[
      'multipart/form-data; xboundary=AAA; boundary=XyZ123',
      'multipart/form-data; boundary=XyZ123; xboundary=AAA',
      'multipart/form-data; x="boundary"; y=AAA; boundary=XyZ123',
      'multipart/form-data; x=" boundary=AAA,"; boundary=XyZ123',
      'multipart/form-data; Boundary=XyZ123; x=boundary; y=AAA',
      'image/jpeg; x=multipart; boundary=AAA',
      'image/x-multipart; boundary=AAA',
      'text/plain; x=urlencoded',
    ].map((type): [string, Buffer, Record<string, string>, string] => [
      type,
      form({ head: fileHead('a.jpg'), content: Buffer.concat([CLEAR, bytes('\r\n'), multipart('AAA', [{ head: fileHead('b.jpg'), content: LISTED }])]) }),
      { 'content-type': type },
      'refuse malformed',
    ]),
    ['a boundary with a comma', multipart('AAA,B', [part]), { 'content-type': 'multipart/form-data; boundary="AAA,B"' }, 'refuse malformed'],
    ['a part that says that it is shorter', form({ head: `${fileHead('a.jpg')}\r\nContent-Length: 600`, content: CLEAR }), FORM, 'refuse malformed'],
    [
      'a large part that says that it is shorter',
      form({ head: `${fileHead('a.jpg')}\r\nContent-Length: 600`, content: fakeJpeg('clear', 90_000) }),
      FORM,
      'refuse malformed',
    ],
    ['a part that is a piece of a file', form({ head: `${fileHead('a.jpg')}\r\nContent-Range: bytes 0-9/20`, content: CLEAR }), FORM, 'refuse malformed'],
    ['parts that are messages', good, { 'content-type': 'multipart/digest; boundary=XyZ123' }, 'refuse unknown_type'],
    ['parts in another alphabet', good, { 'content-type': 'multipart/form-data; charset=utf-7; boundary=XyZ123' }, 'refuse unknown_type'],
    ['a part in another alphabet', form({ head: `${fieldHead('a')}\r\nContent-Type: text/plain; charset=utf-7`, content: 'x' }), FORM, 'refuse unknown_type'],
    ['a boundary in pieces', good, { 'content-type': 'multipart/form-data; boundary*0=XyZ; boundary*1=123' }, 'refuse malformed'],
    ['an escaped boundary', good, { 'content-type': 'multipart/form-data; boundary="Xy\\Z123"' }, 'refuse malformed'],
    ['too many parts', form(...Array.from({ length: 51 }, () => ({ head: fieldHead('a'), content: 'b' }))), FORM, 'refuse too_many_parts'],
    ['a coded body', good, { ...FORM, 'content-encoding': 'gzip' }, 'refuse content_coding'],
    ['a chunked body within the chunks', good, { ...FORM, 'transfer-encoding': 'gzip, chunked' }, 'refuse transfer_coding'],
    ['a type that nobody knows', 'abc', { 'content-type': 'application/grpc' }, 'refuse unknown_type'],
    ['a type that is none', 'abc', { 'content-type': 'jpeg' }, 'refuse malformed'],
    ['another alphabet', 'abc', { 'content-type': 'application/json; charset=utf-16' }, 'refuse unknown_type'],
    ['broken JSON', '{"a":', JSON_TYPE, 'refuse malformed'],
    ['a broken percent sign', 'a=%zz', { 'content-type': 'application/x-www-form-urlencoded' }, 'refuse malformed'],
    ['a picture from the second letter on', JSON.stringify({ p: `x${LISTED.toString('base64')}` }), JSON_TYPE, 'refuse disguised'],
    [
      'too many pictures in one text',
      JSON.stringify(Array.from({ length: 70 }, (_none, i) => fakeJpeg(`p${i}`).toString('base64'))),
      JSON_TYPE,
      'refuse too_many_parts',
    ],
    [
      'text in text in text in text in text',
      JSON.stringify({ p: [1, 2, 3, 4].reduce((inner) => Buffer.from(inner).toString('base64'), 'words and '.repeat(60)) }),
      JSON_TYPE,
      'refuse too_deep',
    ],
  ])('%s', async (_name, body, headers, expected) => {
    expect(await screen(body, headers)).toBe(expected);
  });
});

const VIDEO = Buffer.concat([Buffer.from('\0\0\0\x20ftypisom\0\0\0\0isommp42'), Buffer.alloc(600, 'x\x01\xfe')]);

describe('what is held', () => {
  it.each<[string, Uint8Array | string, Record<string, string>]>([
    ['an unknown file', Buffer.from([0, 1, 2, 3, 0xfe]), { 'content-type': 'application/octet-stream' }],
    ['an unknown file in a form', form({ head: fileHead('a.bin'), content: Buffer.from([0, 1, 2, 3, 0xfe]) }), FORM],
    ['a drawing', '<svg xmlns="http://www.w3.org/2000/svg"/>', { 'content-type': 'image/svg+xml' }],
    ['a drawing behind declarations', '<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY c "d">]><svg/>', { 'content-type': 'text/xml' }],
    ['a drawing behind a hundred comments', `${'<!---->'.repeat(100)}<svg/>`, { 'content-type': 'text/xml' }],
    ['a drawing behind a comment', '<?xml version="1.0"?>\n<!-- x --><svg/>', { 'content-type': 'text/xml' }],
    ['a drawing in a field', form({ head: fieldHead('a'), content: '<svg xmlns="http://www.w3.org/2000/svg"/>' }), FORM],
    ['a picture in letters', form({ head: fieldHead('a'), content: `P3 2 2 255 ${'1 2 3 '.repeat(4)}` }), FORM],
    ['a video in base64 that is broken up', JSON.stringify({ p: VIDEO.toString('base64').replaceAll(/.{8}/g, '$& . ') }), JSON_TYPE],
    ['a video in base64', JSON.stringify({ p: VIDEO.toString('base64') }), JSON_TYPE],
    ['text in a form that is too long to be read', form({ head: fieldHead('text'), content: 'a word '.repeat(200_000) }), FORM],
    ['a large file in a form that begins as text', form({ head: fieldHead('text'), content: `${'a word '.repeat(20_000)}\0` }), FORM],
    ['text that is too long to be read', JSON.stringify({ a: 'b '.repeat(600_000) }), JSON_TYPE],
    ['nothing at all', '', { 'content-type': 'image/jpeg' }],
  ])('%s', async (_name, body, headers) => {
    expect(await screen(body, headers)).toBe('stop unscannable');
  });

  it('an error is worse than a match, and a match than what could not be screened', async () => {
    const { answer } = lab.intake.screening;
    lab.intake.screening.answer = async (request) => (request.sizeBytes === 5 ? { verdict: 'error', reason: 'internal' } : ((await answer?.(request)) ?? {}));
    const parts = [Buffer.from([0, 1, 2, 3, 0xfe]), Buffer.from([0, 1]), LISTED].map((content) => ({ head: fileHead('x'), content }));
    expect(await screen(form(...parts), FORM)).toBe('stop error');
    lab.intake.screening.answer = answer;
    expect(await screen(form(...parts), FORM)).toBe('stop match');
    expect(lab.intake.service.waitingBytes()).toBe(0);
  });
});

it('has one time for a body, however many pieces it has', async () => {
  const slow = await openBodyLab({ passDeadlineMs: 200 });
  let screened = 0;
  slow.intake.screening.answer = async () => {
    screened += 1;
    await new Promise((done) => setTimeout(done, 40));
    return { media: { type: 'image/jpeg' } };
  };
  const parts = (count: number): Buffer =>
    form(...Array.from({ length: count }, (_none, at) => ({ head: fileHead(`${at}.jpg`), content: fakeJpeg(`clear ${at}`) })));
  expect(kindOf(await slow.screen(parts(1), FORM))).toBe('release');
  const outcome = await slow.screen(parts(40), FORM).then(kindOf, (error: unknown) => Reflect.get(Object(error), 'code') as string);
  expect(['stop error', 'busy']).toContain(outcome);
  expect(screened).toBeLessThan(40);
  await slow.stop();
});
