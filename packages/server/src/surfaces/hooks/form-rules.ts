/**
 * Whether a form is one part and nothing else. Parsers pass over what stands before and after the parts and over parts without a name (RFC 2046, section
 * 5.1.1); whoever hands the same body on may have another parser, or none: a picture with a form behind it is a picture. Pure.
 */
export interface FormWatch {
  /** Every piece of the body, in order. */
  add(piece: Uint8Array): void;
  /** At its end. */
  isOnePart(): boolean;
}

const BOUNDARY = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))\s*(?:;|$)/i;
const LINE = '\r\n';
const END = ['--', `--${LINE}`];
const END_BYTES_MAX = 4;

/** @param contentType another boundary than the parser's leads to a refusal */
export function watchForm(contentType: string): FormWatch {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const opening = Buffer.from(`--${quoted ?? plain ?? ''}${LINE}`, 'latin1');
  const closing = Buffer.from(`${LINE}--${quoted ?? plain ?? ''}`, 'latin1');
  let phase: 'before' | 'inside' | 'after' | 'wrong' = 'before';
  let rest: Buffer = Buffer.alloc(0);
  const open = (): void => {
    if (rest.length < opening.length) return;
    phase = rest.subarray(0, opening.length).equals(opening) ? 'inside' : 'wrong';
    rest = rest.subarray(opening.length);
  };
  const close = (): void => {
    const at = rest.indexOf(closing);
    if (at >= 0) phase = 'after';
    // The closing line may be cut in two.
    rest = rest.subarray(at >= 0 ? at + closing.length : Math.max(0, rest.length - closing.length + 1));
  };
  return {
    add(piece) {
      if (phase === 'wrong') return;
      rest = rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece]);
      if (phase === 'before') open();
      if (phase === 'inside') close();
      if (phase === 'after' && rest.length > END_BYTES_MAX) phase = 'wrong';
    },
    isOnePart: () => phase === 'after' && END.includes(rest.toString('latin1')),
  };
}
