/**
 * The two cookies of the gate, each a small JSON under a MAC: one while the person is being asked, one with what was found. The key is a file that the
 * nodes share; a browser can neither make such a cookie nor change one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';
import { DIRECTIONS, ServiceIdSchema, SessionIdSchema, type AgeQuestion } from '../sessions/schema.ts';

const SECRET_BYTES = 32;
const COOKIE_LENGTH_MAX = 4096;

const QuestionSchema = z.object({ threshold: z.number().int().min(1).max(99), direction: z.enum(DIRECTIONS) }).strict();
const GradeSchema = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]);

/** What was found: no identifier, no session, no time of the check. */
export const PassSchema = z
  .object({
    service: ServiceIdSchema,
    question: QuestionSchema,
    result: z.enum(['true', 'false']),
    grade: GradeSchema,
    /** Seconds since 1970. */
    expiresS: z.number().int(),
    /** Of the trust lists, for what rests on an issuer. */
    generation: z.number().int().optional(),
  })
  .strict();
export type Pass = z.output<typeof PassSchema>;

/** Which check this browser began, and where it wants to go. */
export const PendingSchema = z
  .object({ service: ServiceIdSchema, question: QuestionSchema, minGrade: GradeSchema, session: SessionIdSchema, to: z.string(), expiresS: z.number().int() })
  .strict();
export type Pending = z.output<typeof PendingSchema>;

export interface GateCookies {
  seal(kind: 'pass' | 'pending', value: Pass | Pending): string;
  readPass(text: string | undefined, now: Date): Pass | undefined;
  readPending(text: string | undefined, now: Date): Pending | undefined;
}

/** @throws {GatehouseError} `config_invalid` */
export async function openGateCookies(path: string, isOwn: boolean): Promise<GateCookies> {
  if (isOwn) await writeFileOnce(path, Buffer.from(`${randomHex(SECRET_BYTES)}\n`));
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatehouseError('config_invalid', `The secret of the age gate ${path} cannot be read. Nobody was let in.`, { cause });
  });
  if (!/^[0-9a-f]{64}\s*$/.test(text)) throw new GatehouseError('config_invalid', `The secret of the age gate ${path} must be 64 hexadecimal digits.`);
  return createGateCookies(Buffer.from(text.trim(), 'hex'));
}

export function createGateCookies(secret: Uint8Array): GateCookies {
  const mac = (kind: string, body: string): Buffer => createHmac('sha256', secret).update(`gatehouse-age-gate ${kind} ${body}`).digest();
  const read = (kind: string, text: string | undefined): unknown => {
    if (text === undefined || text.length > COOKIE_LENGTH_MAX) return undefined;
    const [body = '', tag = '', ...rest] = text.split('.');
    const given = Buffer.from(tag, 'base64url');
    const expected = mac(kind, body);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  };
  const inTime = <T extends { readonly expiresS: number }>(value: T | undefined, now: Date): T | undefined =>
    value !== undefined && now.getTime() / 1000 < value.expiresS ? value : undefined;
  return {
    seal(kind, value) {
      const body = Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${body}.${mac(kind, body).toString('base64url')}`;
    },
    readPass: (text, now) => inTime(PassSchema.safeParse(read('pass', text)).data, now),
    readPending: (text, now) => inTime(PendingSchema.safeParse(read('pending', text)).data, now),
  };
}

const PREFIX = 'gatehouse_gate_';
/** Sent back only to the host that set it, over TLS, for every path: a page on another host of the same site cannot plant one. */
const HOST_PREFIX = '__Host-';

/** Another question, or another service, has a cookie of its own. */
export function passName(service: string, { direction, threshold }: AgeQuestion): string {
  return `${PREFIX}${service}_${direction}${threshold}`;
}

export function pendingName(sessionId: string): string {
  return `${PREFIX}p_${sessionId.slice(-12)}`;
}

export function findCookie(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  for (const wanted of [`${HOST_PREFIX}${name}=`, `${name}=`]) {
    const found = pairs.find((pair) => pair.startsWith(wanted));
    if (found !== undefined) return found.slice(wanted.length);
  }
  return undefined;
}

/** Path `/` is what the prefix asks for. Lax: the person comes from the page of the age check. */
export function formatCookie(name: string, value: string, { isSecure, maxAgeS }: { readonly isSecure: boolean; readonly maxAgeS: number }): string {
  return `${isSecure ? HOST_PREFIX : ''}${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${isSecure ? '; Secure' : ''}`;
}
