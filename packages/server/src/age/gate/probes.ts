/**
 * Ways in which somebody may try to get past the gate, made with our own keys where a forger could not make them: what is asked with each must not be
 * let through. About a service of this name that nobody can register; one pass that holds is among them, so that a gate that lets nobody in is not taken
 * for a good one. Who asks, over HTTP, is the domain `code`.
 */
import { randomHex } from '../../platform/ids.ts';
import type { AgeResults } from '../results/service.ts';
import { PROBE_SERVICE, type AgeQuestion, type AgeResult } from '../sessions/schema.ts';
import { passName, type GateCookies, type Pass } from './cookies.ts';

export interface GateProbe {
  /** A closed word. */
  readonly name: string;
  readonly path: `/${string}`;
  readonly headers: Readonly<Record<string, string>>;
  readonly mayPass: boolean;
}

const QUESTION: AgeQuestion = { threshold: 18, direction: 'over' };
const GRADE = 2;
const OTHER = `${PROBE_SERVICE}-other`;
const PATH = `/v1/age/check?service=${PROBE_SERVICE}&over=${QUESTION.threshold}&grade=${GRADE}` as const;
const HOUR_S = 3_600;
const RESULT_LIFE_MS = 300_000;

export async function makeGateProbes(
  { cookies, results }: { readonly cookies: GateCookies; readonly results: Pick<AgeResults, 'sign'> },
  now: Date,
): Promise<GateProbe[]> {
  const nowS = Math.floor(now.getTime() / 1000);
  const good: Pass = { service: PROBE_SERVICE, question: QUESTION, result: 'true', grade: GRADE, expiresS: nowS + HOUR_S };
  const cookie = (value: string): Readonly<Record<string, string>> => ({ cookie: `${passName(PROBE_SERVICE, QUESTION)}=${value}` });
  const pass = (change: Partial<Pass>): Readonly<Record<string, string>> => cookie(cookies.seal('pass', { ...good, ...change }));
  const sealed = cookies.seal('pass', good);
  const bearer = (value: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${value}` });
  const result = makeResult(now);
  const signed = await results.sign(result);
  const probe = (name: string, headers: Readonly<Record<string, string>>): GateProbe => ({ name, path: PATH, headers, mayPass: false });
  return [
    { ...probe('control', cookie(sealed)), mayPass: true },
    probe('nothing', {}),
    probe('cookie_garbage', cookie('x'.repeat(80))),
    probe('cookie_unsigned', cookie(sealed.split('.')[0] ?? '')),
    probe('cookie_forged', cookie(flipLast(sealed))),
    probe('cookie_changed', cookie(withBody(sealed, { ...good, grade: 4 }))),
    probe('cookie_expired', pass({ expiresS: nowS - 1 })),
    probe('cookie_other_service', pass({ service: OTHER })),
    probe('cookie_other_question', pass({ question: { threshold: 16, direction: 'over' } })),
    probe('cookie_other_direction', pass({ question: { threshold: 18, direction: 'under' } })),
    probe('cookie_lower_grade', pass({ grade: 1 })),
    probe('cookie_no', pass({ result: 'false' })),
    probe(
      'cookie_pending',
      cookie(
        cookies.seal('pending', { service: PROBE_SERVICE, question: QUESTION, minGrade: GRADE, session: result.sessionId, to: '/', expiresS: good.expiresS }),
      ),
    ),
    probe('bearer_garbage', bearer('a.b.c')),
    probe('bearer_unknown', bearer(signed)),
    probe('bearer_forged', bearer(flipLast(signed))),
    probe('bearer_without_algorithm', bearer(withoutAlgorithm(signed))),
    probe(
      'bearer_expired',
      bearer(await results.sign({ ...result, completedAt: new Date(now.getTime() - 2 * RESULT_LIFE_MS), expiresAt: new Date(now.getTime() - RESULT_LIFE_MS) })),
    ),
    probe('bearer_other_service', bearer(await results.sign({ ...result, service: OTHER }))),
    { ...probe('api_without_key', {}), path: '/v1/age/services' },
    { ...probe('api_wrong_key', bearer(`gh_${randomHex(24)}`)), path: '/v1/age/services' },
  ];
}

function makeResult(now: Date): AgeResult {
  return {
    ...QUESTION,
    sessionId: `age_${'0'.repeat(26)}`,
    service: PROBE_SERVICE,
    result: 'true',
    grade: GRADE,
    method: 'wallet',
    kind: 'verified',
    generation: undefined,
    nonce: undefined,
    completedAt: now,
    expiresAt: new Date(now.getTime() + RESULT_LIFE_MS),
  };
}

/** The third last character: the last ones may hold bits that decoders ignore. */
function flipLast(text: string): string {
  const at = text.length - 3;
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

function withBody(sealed: string, body: Pass): string {
  return `${Buffer.from(JSON.stringify(body)).toString('base64url')}.${sealed.split('.')[1] ?? ''}`;
}

function withoutAlgorithm(signed: string): string {
  const [, claims = ''] = signed.split('.');
  return `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'gatehouse-age+jwt' })).toString('base64url')}.${claims}.AA`;
}
