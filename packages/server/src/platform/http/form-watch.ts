/**
 * Whether a form is its parts and nothing else. Parsers pass over what stands before and after the parts and over parts without a name (RFC 2046, section
 * 5.1.1); whoever hands the same body on may have another parser, or none: a picture with a form behind it is a picture.
 */
export interface FormWatch {
  /** Every piece of the body, in order. */
  add(piece: Uint8Array): void;
  /** At its end. @returns undefined for anything but whole parts one after the other */
  countParts(): number | undefined;
}

type Phase = 'begin' | 'mark' | 'part' | 'end' | 'wrong';

const BOUNDARY = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))\s*(?:;|$)/i;
const LINE = '\r\n';
const LAST = '--';

/** @param contentType read otherwise than by the parser, nothing is found */
export function watchForm(contentType: string): FormWatch {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? [];
  const first = Buffer.from(`--${quoted ?? plain ?? ''}`, 'latin1');
  const next = Buffer.from(`${LINE}--${quoted ?? plain ?? ''}`, 'latin1');
  let phase: Phase = 'begin';
  let rest: Buffer = Buffer.alloc(0);
  let parts = 0;
  const take = (bytes: number): Buffer => {
    const taken = rest.subarray(0, bytes);
    rest = rest.subarray(bytes);
    return taken;
  };
  /** Each one goes as far as the bytes allow. @returns false when it waits for more */
  const steps: Readonly<Record<Phase, () => boolean>> = {
    begin() {
      if (rest.length < first.length) return false;
      phase = take(first.length).equals(first) ? 'mark' : 'wrong';
      return true;
    },
    /** Behind a boundary. */
    mark() {
      if (rest.length < LINE.length) return false;
      const sign = take(LINE.length).toString('latin1');
      phase = sign === LINE ? 'part' : sign === LAST ? 'end' : 'wrong';
      if (phase === 'part') parts += 1;
      return true;
    },
    part() {
      const at = rest.indexOf(next);
      // The boundary may be cut in two.
      take(at === -1 ? Math.max(0, rest.length - next.length + 1) : at + next.length);
      if (at !== -1) phase = 'mark';
      return at !== -1;
    },
    end() {
      if (rest.length > LINE.length) phase = 'wrong';
      return false;
    },
    wrong() {
      rest = Buffer.alloc(0);
      return false;
    },
  };
  return {
    add(piece) {
      rest = rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece]);
      while (steps[phase]());
    },
    countParts: () => (phase === 'end' && ['', LINE].includes(rest.toString('latin1')) ? parts : undefined),
  };
}
