/**
 * Names to addresses, through the resolvers of the settings or of the system. Only resolvers are asked: no connection is made to what a name leads to.
 * An authoritative server sees that a resolver asks, not who.
 */
import { Resolver } from 'node:dns/promises';
import { parseAddress, type Address } from './address-rules.ts';

export interface ResolvedName {
  readonly addresses: readonly Address[];
  /** Names that the name leads through, in order. */
  readonly aliases: readonly string[];
  readonly problems: readonly string[];
}

export interface Names {
  resolve(name: string, signal: AbortSignal): Promise<ResolvedName>;
}

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const ADDRESSES_MAX = 16;
const ALIASES_MAX = 8;
const NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i;

/** @param servers `192.0.2.53` or `192.0.2.53:53`; none: those of the system */
export function createNames(servers: readonly string[]): Names {
  return {
    async resolve(name, signal) {
      // One for each call, so that cancelling it ends nobody else's questions.
      const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
      if (servers.length > 0) resolver.setServers(servers);
      const cancel = (): void => resolver.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const [v4, v6, chain] = await Promise.all([ask(resolver.resolve4(name)), ask(resolver.resolve6(name)), followAliases(resolver, name)]);
        const found = [...v4.answers, ...v6.answers].flatMap((text) => parseAddress(text) ?? []);
        const problems = [...new Set([...v4.problems, ...v6.problems, ...chain.problems])];
        if (found.length > ADDRESSES_MAX) problems.push(`The name has ${found.length} addresses; ${ADDRESSES_MAX} of them were looked at.`);
        if (found.length === 0 && problems.length === 0) problems.push('The name has no address at the moment.');
        return { addresses: found.slice(0, ADDRESSES_MAX), aliases: chain.aliases, problems };
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
  };
}

async function followAliases(resolver: Resolver, name: string): Promise<{ readonly aliases: string[]; readonly problems: readonly string[] }> {
  const aliases: string[] = [];
  for (let current = name; ;) {
    const { answers, problems } = await ask(resolver.resolveCname(current));
    const next = answers[0]?.toLowerCase().replace(/\.$/, '');
    if (next === undefined) return { aliases, problems };
    if (!NAME.test(next)) return { aliases, problems: ['The name leads to one that is not a host name.'] };
    if (next === name || aliases.includes(next)) return { aliases, problems: ['The name leads around in a circle.'] };
    if (aliases.length === ALIASES_MAX) return { aliases, problems: [`The name leads through more than ${ALIASES_MAX} others.`] };
    aliases.push(next);
    current = next;
  }
}

/** No such name and no such record are answers; the rest is a problem. */
async function ask(question: Promise<readonly string[]>): Promise<{ readonly answers: readonly string[]; readonly problems: readonly string[] }> {
  try {
    return { answers: await question, problems: [] };
  } catch (error) {
    const code = String(Reflect.get(Object(error), 'code'));
    if (code === 'ENODATA') return { answers: [], problems: [] };
    if (code === 'ENOTFOUND') return { answers: [], problems: ['There is no such name.'] };
    return { answers: [], problems: [`The resolver gave no answer (${/^E[A-Z]+$/.test(code) ? code : 'unknown fault'}).`] };
  }
}
