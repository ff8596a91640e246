/** Grades and offers of the wallet flows. Pure. */
import { admitsMethod } from '../sessions/rules.ts';
import type { AgeSession, Grade } from '../sessions/schema.ts';
import type { Channel } from './schema.ts';

/**
 * How sure the answer is about the person at this browser:
 * - the Digital Credentials API: the browser itself speaks to the wallet and binds the answer to our origin. On another device it does so by
 *   CTAP hybrid, which checks that the phone is near. Which of the two it was, the browser does not tell; both count the same.
 * - a link on this device: bound by the code in the way back, but a link can be sent to somebody else, and then only the way back is missing.
 * - a QR code: whoever gets a picture of it can answer it (OpenID4VP 1.0, section 14.2): never above 2.
 */
const GRADES: Readonly<Record<Channel, { readonly ordinary: Grade; readonly highAssurance: Grade }>> = {
  dc_api: { ordinary: 3, highAssurance: 4 },
  redirect: { ordinary: 3, highAssurance: 3 },
  qr: { ordinary: 2, highAssurance: 2 },
};

export function gradeWallet(channel: Channel, isHighAssurance: boolean): Grade {
  return GRADES[channel][isHighAssurance ? 'highAssurance' : 'ordinary'];
}

export function methodOf(channel: Channel): 'wallet' | 'wallet_other_device' {
  return channel === 'qr' ? 'wallet_other_device' : 'wallet';
}

/** A way that cannot reach the grade that is asked is not offered. */
export function isOffered(session: Pick<AgeSession, 'methods' | 'minGrade'>, channel: Channel): boolean {
  return admitsMethod(session.methods, methodOf(channel)) && gradeWallet(channel, true) >= session.minGrade;
}
