/** In which language the page of a session speaks. */
import { GatehouseError } from '../../platform/errors.ts';
import { UNDETERMINED, type AgeSession, type AgeSessions, type BrowserProof } from '../sessions/schema.ts';
import { chooseLanguage, type Language } from './messages/languages.ts';

type Sessions = Pick<AgeSessions, 'findOwn' | 'setLocale'>;

/** What the service or the person said, else what the browser says. */
export function languageOf(session: Pick<AgeSession, 'locale'> | undefined, { header }: BrowserProof): Language {
  return chooseLanguage([session?.locale, header('accept-language')].filter((part) => part !== undefined).join(','));
}

/** For the pages of a session that may be nobody's: only its own browser learns which language it has. */
export async function findLanguage(sessions: Sessions, id: string | undefined, proof: BrowserProof): Promise<Language> {
  return languageOf(id === undefined ? undefined : await findOwn(sessions, id, proof), proof);
}

export function findOwn(sessions: Pick<AgeSessions, 'findOwn'>, id: string, proof: BrowserProof): Promise<AgeSession | undefined> {
  return sessions.findOwn(id, proof).catch(orUndefined);
}

/** The person's choice, or at the first visit the browser's, is kept with the session, so that providers and later pages speak it too. */
export async function settleLanguage(
  sessions: Sessions,
  session: AgeSession,
  { chosen, proof }: { readonly chosen: string | undefined; readonly proof: BrowserProof },
): Promise<Language> {
  const language = chosen === undefined ? languageOf(session, proof) : chooseLanguage(chosen);
  const isNew = chosen === undefined ? session.locale === UNDETERMINED : chosen !== session.locale;
  if (isNew) await sessions.setLocale(session.id, language.code);
  return language;
}

function orUndefined(error: unknown): undefined {
  if (error instanceof GatehouseError && error.code === 'not_found') return undefined;
  throw error;
}
