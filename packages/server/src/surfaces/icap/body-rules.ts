/** What the content of an ICAP message is, by the heads around it. */
import type { IcapHead, InnerHead } from './protocol-rules.ts';

/** Headers that say what a body is. Two of one of them are read differently by different servers: nothing is decided on such a message. */
const DESCRIBING = ['content-type', 'content-encoding', 'transfer-encoding', 'content-transfer-encoding'];
const RAW = 'application/octet-stream';

export interface Described {
  /** For `screenBody`; undefined when the heads contradict themselves. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/**
 * A request says what its body is; without a type it is the file itself (Nextcloud's `PUT`). A response is the file itself whatever its type
 * says, unless it is coded. The length is not looked at: it may be a dummy, and ICAP frames the body.
 */
export function describeBody(head: Pick<IcapHead, 'method'>, inner: ReadonlyMap<string, InnerHead>): Described {
  const from = inner.get(head.method === 'REQMOD' ? 'req-hdr' : 'res-hdr');
  if (from === undefined) return { headers: { 'content-type': RAW } };
  if (DESCRIBING.some((name) => from.repeated.has(name))) return { headers: undefined };
  const headers: Record<string, string> = Object.fromEntries(from.headers);
  delete headers['content-length'];
  // Of the hop before: ICAP has taken the chunks apart. Any other coding stays, and is refused.
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') delete headers['transfer-encoding'];
  if (head.method === 'RESPMOD' || headers['content-type'] === undefined || headers['content-type'] === '') headers['content-type'] = RAW;
  return { headers };
}
