/**
 * Signed callbacks to services (Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature): the signature, one attempt and what
 * follows from it. The outbox belongs to the domain that announces something: its row is written in the transaction that causes it.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from './clock.ts';
import { isGatehouseError } from './errors.ts';
import { randomHex } from './ids.ts';
import type { Outbound } from './outbound.ts';

/** Standard Webhooks: 24 to 64 bytes. */
const SECRET_BYTES = 32;
const SECRET_PREFIX = 'whsec_';
const ATTEMPT_TIMEOUT_MS = 15_000;
/** Longer than an attempt can take: after it, somebody else may try. */
export const ATTEMPT_HELD_S = 60;
/** 410 Gone: the receiver wants no more (Standard Webhooks). */
const GONE = 410;
const FIRST_DELAY_S = 5;
const LONGEST_DELAY_S = 3600;
const DELAY_GROWTH = 2.5;

export interface OutgoingCallback {
  /** The `webhook-id`, the same at each attempt. */
  readonly id: string;
  readonly url: string;
  /** Exactly what is signed and sent, the same at each attempt. */
  readonly body: string;
}

export interface AttemptResult {
  readonly status: number | null;
  /** A closed word; never what the other side said. */
  readonly fault: string | null;
}

export interface AttemptRating {
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly nextAttemptAt: Date | null;
  readonly endedAt: Date | null;
}

export interface DeliveryParts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly secret: string;
  readonly signal: AbortSignal;
}

export function newWebhookSecret(): string {
  return `${SECRET_PREFIX}${Buffer.from(randomHex(SECRET_BYTES), 'hex').toString('base64')}`;
}

/** `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with the base64 part of the secret as the key. */
export function signCallback(secret: string, message: { readonly id: string; readonly timestampS: number; readonly body: string }): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${message.id}.${message.timestampS}.${message.body}`).digest('base64')}`;
}

/** One attempt. Never throws for what the receiver does. */
export async function attemptCallback(callback: OutgoingCallback, { outbound, clock, secret, signal }: DeliveryParts): Promise<AttemptResult> {
  const timestampS = Math.floor(clock.now().getTime() / 1000);
  const signature = signCallback(secret, { id: callback.id, timestampS, body: callback.body });
  try {
    const reply = await outbound.send({
      url: callback.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'webhook-id': callback.id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signature },
      body: callback.body,
      timeoutMs: ATTEMPT_TIMEOUT_MS,
      signal,
    });
    if (reply.status >= 200 && reply.status < 300) return { status: reply.status, fault: null };
    return { status: reply.status, fault: reply.status >= 300 && reply.status < 400 ? 'redirect' : 'status' };
  } catch (error) {
    return { status: null, fault: nameFault(error) };
  }
}

function nameFault(error: unknown): string {
  if (isGatehouseError(error, 'outbound_refused')) return 'refused_address';
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  return 'no_connection';
}

/** @param made the attempts so far, the one of `result` included */
export function rateAttempt(made: { readonly attempts: number; readonly giveUpAt: Date }, result: AttemptResult, at: Date): AttemptRating {
  if (result.fault === null) return { state: 'delivered', nextAttemptAt: null, endedAt: at };
  const next = new Date(at.getTime() + callbackDelayS(made.attempts) * 1000);
  if (result.status === GONE || next > made.giveUpAt) return { state: 'dead', nextAttemptAt: null, endedAt: at };
  return { state: 'pending', nextAttemptAt: next, endedAt: null };
}

/** 5 s, 12 s, 31 s, ... at most an hour. */
export function callbackDelayS(attempt: number): number {
  return Math.min(LONGEST_DELAY_S, Math.floor(FIRST_DELAY_S * DELAY_GROWTH ** (attempt - 1)));
}
