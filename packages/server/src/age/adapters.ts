/** The sessions as other parts of the domain want to see them: each declares the few functions that it needs. */
import { GatehouseError } from '../platform/errors.ts';
import type { ProviderSessions } from './providers/flow.ts';
import { isHeldBack } from './signals/service.ts';
import { admitsMethod } from './sessions/rules.ts';
import { DEMO_SERVICE, type AgeSession, type AgeSessions, type BrowserProof } from './sessions/schema.ts';
import type { ReuseSessions } from './tokens/schema.ts';

/** For tokens and passkeys. Not for the demonstration: what a simulated wallet said must never open anything anywhere else. */
export function toReuseSessions(sessions: AgeSessions, generation: () => Promise<number>): ReuseSessions {
  return {
    async findOpen(sessionId, proof, method) {
      const session = await sessions.findOwn(sessionId, proof).catch(orUndefined);
      if (session?.state !== 'open' || session.service === DEMO_SERVICE || !admitsMethod(session.methods, method)) return undefined;
      return { question: { threshold: session.threshold, direction: session.direction }, minGrade: session.minGrade };
    },
    async findVerdict(sessionId, proof) {
      const session = await sessions.findOwn(sessionId, proof).catch(orUndefined);
      const found = session === undefined || session.service === DEMO_SERVICE ? undefined : await sessions.findResult(sessionId);
      if (found === undefined) return undefined;
      const { threshold, direction, result, grade, kind, method, completedAt } = found;
      const checkedIn = found.generation ?? (await generation());
      return { sessionId, question: { threshold, direction }, result, grade, kind, method, checkedAt: completedAt, generation: checkedIn };
    },
    async complete(sessionId, outcome, tx) {
      const isOurs = await sessions.complete(sessionId, { ...outcome, generation: await generation() }, tx);
      if (!isOurs) throw new GatehouseError('conflict', 'This age check was completed or has expired meanwhile. Nothing was used up.');
    },
  };
}

export function toProviderSessions(sessions: AgeSessions): ProviderSessions<BrowserProof> {
  const toOpen = ({ id, service, threshold, direction, minGrade, methods, locale }: AgeSession) => ({
    id,
    service,
    question: { threshold, direction },
    minGrade,
    methods,
    locale,
  });
  return {
    findOpen: async (sessionId, proof) => toOpen(await sessions.findOwnOpen(sessionId, proof)),
    async isOpen(sessionId) {
      const session = await sessions.findOpen(sessionId);
      return session === undefined ? undefined : toOpen(session);
    },
    async complete(sessionId, outcome, tx) {
      try {
        return (await sessions.complete(sessionId, outcome, tx)) ? 'completed' : 'gone';
      } catch (error) {
        if (!isHeldBack(error)) throw error;
        return 'held_back';
      }
    },
  };
}

function orUndefined(error: unknown): undefined {
  if (error instanceof GatehouseError && error.code === 'not_found') return undefined;
  throw error;
}
