import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IcapParser, PARSER_LIMITS, type IcapEvent } from './parser-rules.ts';
import { countHeadBytes, IcapFault, parseIcapHead } from './protocol-rules.ts';

/** Events of bytes that come in pieces of the given lengths, over and over; data joined. */
function read(bytes: Buffer, lengths: readonly number[] = [bytes.length || 1]): { events: string[]; content: Buffer; fault: number | undefined } {
  const parser = new IcapParser();
  const events: string[] = [];
  const content: Buffer[] = [];
  try {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const length = lengths[turn % lengths.length] ?? 1;
      parser.push(Buffer.from(bytes.subarray(at, at + length)));
      at += length;
      for (let event = parser.next(); event !== undefined; event = parser.next()) note(event);
    }
  } catch (error) {
    if (!(error instanceof IcapFault)) throw error;
    return { events, content: Buffer.concat(content), fault: error.code };
  }
  return { events, content: Buffer.concat(content), fault: undefined };
  function note(event: IcapEvent): void {
    if (event.kind === 'data') {
      content.push(event.bytes);
      if (events.at(-1) !== 'data') events.push('data');
    } else events.push(event.kind === 'preview' ? `preview ${event.isWhole}` : event.kind === 'request' ? describeRequest(event) : event.kind);
  }
}

function describeRequest({ head, inner }: Extract<IcapEvent, { kind: 'request' }>): string {
  return [head.method, head.service, ...[...inner].map(([name, { startLine }]) => `${name}:${startLine}`)].join(' ');
}

const INNER = 'PUT /a HTTP/1.1\r\nHost: example.org\r\nContent-Type: image/jpeg\r\n\r\n';
const head = (more: string, body = 'req-body'): string =>
  `REQMOD icap://localhost:1344/reqmod ICAP/1.0\r\nHost: localhost\r\n${more}Encapsulated: req-hdr=0, ${body}=${INNER.length}\r\n\r\n${INNER}`;
const REQUEST = 'REQMOD reqmod req-hdr:PUT /a HTTP/1.1';

function chunk(content: Buffer, sizes: readonly number[]): Buffer {
  const out: Buffer[] = [];
  for (let at = 0, turn = 0; at < content.length; turn++) {
    const piece = content.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    at += piece.length;
    out.push(Buffer.from(`${piece.length.toString(16)}${turn % 2 === 0 ? '' : '; note="a"'}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat(out);
}

describe('requests', () => {
  it('reads OPTIONS without Encapsulated, as Squid sends it', () => {
    const text = 'OPTIONS icap://127.0.0.1:1344/reqmod ICAP/1.0\r\nHost: 127.0.0.1:1344\r\nAllow: 206, trailers\r\n\r\n';
    expect(read(Buffer.from(text))).toMatchObject({ events: ['OPTIONS reqmod', 'end'], fault: undefined });
    expect(parseIcapHead(text.slice(0, -4)).allows204).toBe(false);
  });

  it('reads the preview, its end and the rest', () => {
    const bytes = Buffer.from(`${head('Preview: 4\r\nAllow: 204, trailers\r\n')}4\r\nabcd\r\n0\r\n\r\n2\r\nef\r\n0\r\nX-Trailer: dropped\r\n\r\n`);
    expect(read(bytes)).toMatchObject({ events: [REQUEST, 'data', 'preview false', 'data', 'end'], fault: undefined });
    expect(read(bytes).content.toString()).toBe('abcdef');
  });

  it('knows that a preview was everything, and that an empty one says nothing', () => {
    expect(read(Buffer.from(`${head('Preview: 9\r\n')}2\r\nab\r\n0; ieof\r\n\r\n`)).events).toEqual([REQUEST, 'data', 'preview true', 'end']);
    expect(read(Buffer.from(`${head('Preview: 0\r\n')}0\r\n\r\n1\r\na\r\n0\r\n\r\n`)).events).toEqual([REQUEST, 'preview false', 'data', 'end']);
    expect(read(Buffer.from(`${head('Preview: 0\r\n')}0;IEOF\r\n\r\n`)).events).toEqual([REQUEST, 'preview true', 'end']);
  });

  it('reads a message without a body, and one after the other', () => {
    const one = head('', 'null-body');
    expect(read(Buffer.from(one + one)).events).toEqual([REQUEST, 'end', REQUEST, 'end']);
  });

  it('reads the same however the bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
        (content, sizes, lengths) => {
          const body = Buffer.concat([chunk(Buffer.from(content), sizes), Buffer.from('0\r\n\r\n')]);
          const bytes = Buffer.concat([Buffer.from(head('Allow: 204\r\n')), body, Buffer.from(head('', 'null-body'))]);
          const whole = read(bytes);
          expect(whole.fault).toBeUndefined();
          expect(whole.content.equals(Buffer.from(content))).toBe(true);
          expect(whole.events.slice(-3)).toEqual(['end', REQUEST, 'end']);
          for (const pieces of [lengths, [1]]) expect(read(bytes, pieces)).toEqual(whole);
        },
      ),
    );
  });

  it('ends in events or a fault of its own for damaged bytes, the same however they arrive', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 400 }),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (at, damage, lengths) => {
          const good = Buffer.from(`${head('Preview: 4\r\n')}4\r\nabcd\r\n0\r\n\r\n2\r\nef\r\n0\r\n\r\n`);
          const bytes = Buffer.concat([good.subarray(0, at), Buffer.from(damage), good.subarray(at)]);
          const whole = read(bytes);
          const pieces = read(bytes, lengths);
          expect(pieces.fault).toBe(whole.fault);
          expect(pieces.events).toEqual(whole.events);
        },
      ),
    );
  });
});

describe('faults', () => {
  it.each([
    ['another version', 'OPTIONS icap://a/reqmod ICAP/1.1\r\n\r\n', 505],
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['another method', 'LOGMOD icap://a/reqmod ICAP/1.0\r\n\r\n', 501],
    ['no Encapsulated', 'REQMOD icap://a/reqmod ICAP/1.0\r\n\r\n', 400],
    ['two of them', 'REQMOD icap://a/reqmod ICAP/1.0\r\nEncapsulated: null-body=0\r\nencapsulated: null-body=0\r\n\r\n', 400],
    ['a response in a request', 'REQMOD icap://a/reqmod ICAP/1.0\r\nEncapsulated: res-hdr=0, res-body=9\r\n\r\n', 400],
    ['offsets that fall', 'RESPMOD icap://a/respmod ICAP/1.0\r\nEncapsulated: req-hdr=0, res-hdr=90, res-body=20\r\n\r\n', 400],
    ['an offset that does not begin at 0', 'REQMOD icap://a/reqmod ICAP/1.0\r\nEncapsulated: req-body=7\r\n\r\n', 400],
    ['a head that does not end there', 'REQMOD icap://a/reqmod ICAP/1.0\r\nEncapsulated: req-hdr=0, req-body=9\r\n\r\nGET / HTT', 400],
    ['a folded header', 'OPTIONS icap://a/reqmod ICAP/1.0\r\nHost: a\r\n b\r\n\r\n', 400],
    ['a bare line feed', 'OPTIONS icap://a/reqmod ICAP/1.0\r\nHost: a\nX: b\r\n\r\n', 400],
    ['a space before the colon', 'OPTIONS icap://a/reqmod ICAP/1.0\r\nPreview : 4\r\n\r\n', 400],
    ['a preview that is no number', 'OPTIONS icap://a/reqmod ICAP/1.0\r\nPreview: -1\r\n\r\n', 400],
    ['only empty lines', '\r\n'.repeat(PARSER_LIMITS.emptyLines + 1), 400],
    ['a head without end', 'A'.repeat(PARSER_LIMITS.icapHeadBytes + 1), 400],
    [
      'an inner head that is too long',
      `REQMOD icap://a/reqmod ICAP/1.0\r\nEncapsulated: req-hdr=0, null-body=${PARSER_LIMITS.innerHeadBytes + 1}\r\n\r\n`,
      400,
    ],
    ['a size that is none', `${head('')}zz\r\n`, 400],
    ['a negative size', `${head('')}-1\r\n`, 400],
    ['a size with a sign of hexadecimal', `${head('')}0x4\r\nabcd\r\n`, 400],
    ['a size that no number holds', `${head('')}fffffffffffff\r\n`, 400],
    ['a size without end', `${head('')}${'0'.repeat(PARSER_LIMITS.chunkLineBytes + 1)}`, 400],
    ['a chunk that is longer than it says', `${head('')}2\r\nabc\r\n`, 400],
    ['trailers without end', `${head('')}0\r\n${'X: y\r\n'.repeat(2000)}`, 400],
    ['ieof outside of a preview', `${head('')}0; ieof\r\n\r\n`, 400],
    ['a preview that is longer than announced', `${head('Preview: 1\r\n')}2\r\nab\r\n`, 400],
  ])('%s', (_name, text, code) => {
    expect(read(Buffer.from(text, 'latin1')).fault).toBe(code);
    expect(read(Buffer.from(text, 'latin1'), [7]).fault).toBe(code);
  });

  it('counts the encapsulated heads by the offset of the body', () => {
    expect(countHeadBytes(parseIcapHead('RESPMOD icap://a/avscan/?x=1 ICAP/1.0\r\nEncapsulated: req-hdr=0, res-hdr=40, res-body=90'))).toBe(90);
  });
});
