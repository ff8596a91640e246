/** A ticket of Gatehouse for the visitor's browser. A random cookie stands in for the account that a real site has. */
import { randomUUID } from 'node:crypto';
import { cookies } from 'next/headers';
import { MAX_BYTES, openGate } from '../../gallery/gatehouse.js';

const COOKIE = 'visitor';
const YEAR_S = 365 * 24 * 3600;

export async function POST(request) {
  const jar = await cookies();
  const known = jar.get(COOKIE)?.value ?? '';
  const visitor = /^[0-9a-f-]{36}$/.test(known) ? known : randomUUID();
  const secure = request.headers.get('x-forwarded-proto') === 'https';
  jar.set(COOKIE, visitor, { httpOnly: true, sameSite: 'lax', secure, maxAge: YEAR_S });
  return openGate().ticketEndpoint({ subject: () => visitor, maxBytes: MAX_BYTES, maxUploads: 20 })(request);
}
