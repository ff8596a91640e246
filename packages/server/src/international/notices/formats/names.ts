/** Names that nobody can guess, and one that can be worked out again. */
import { createHash } from 'node:crypto';
import { randomHex } from '../../../platform/ids.ts';

/** 104 bits: whoever names it has read the notice. */
export function makeToken(): string {
  return `gh-${randomHex(13)}`;
}

/** @param domain of the sender's address. @returns without angle brackets, and nothing in it says what it is about */
export function makeMessageId(domain: string): string {
  return `${randomHex(20)}@${domain}`;
}

/** In the form of version 4 (RFC 9562), which XARF asks for; the same notice gives the same. */
export function makeReportUuid(noticeId: string, reportId: string): string {
  const bytes = createHash('sha256').update(`xarf\n${noticeId}\n${reportId}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
