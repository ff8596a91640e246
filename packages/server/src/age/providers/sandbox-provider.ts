/**
 * A provider for trials: a page of ours on which the answer is chosen. It goes the same way as any other (start, redirect, return, finish).
 * Never in a file of providers that is used for real: whoever sees its page says what they like.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ProviderFault, type Declaration, type ProviderAnswer, type RedirectProvider } from './schema.ts';

export const SANDBOX_PATH = '/age/sandbox';
export const SANDBOX_CHOICES = ['over', 'under', 'estimate', 'declined', 'inconclusive'] as const;
export type SandboxChoice = (typeof SANDBOX_CHOICES)[number];

export interface SandboxParts {
  readonly id: string;
  readonly declaration: Declaration;
}

export function createSandboxProvider({ id, declaration }: SandboxParts): RedirectProvider {
  return {
    id,
    declaration,
    mode: 'redirect',
    async start({ state, callbackUrl }) {
      const page = new URL(SANDBOX_PATH, callbackUrl);
      page.searchParams.set('provider', id);
      page.searchParams.set('state', state);
      return { redirectUrl: page.href };
    },
    async finish({ query, start }) {
      const [choice, years] = [query.get('choice') ?? '', query.get('years') ?? ''];
      if (!isSigned(query.get('signature') ?? '', start.state, `${choice}:${years}`))
        throw new ProviderFault('answer_not_authentic', 'The sandbox did not sign this answer.');
      return toAnswer(choice, Number(years));
    },
    checkHealth: async () => true,
  };
}

function toAnswer(choice: string, years: number): ProviderAnswer {
  if (choice === 'over' || choice === 'under') return { outcome: 'verified', isOver: choice === 'over' };
  if (choice === 'estimate') return { outcome: 'estimated', years };
  return { outcome: choice === 'declined' ? 'declined' : 'inconclusive' };
}

/** The state is the key: only who was sent to the page knows it, and it is used up with the first answer. */
export function signChoice(state: string, text: string): string {
  return createHmac('sha256', state).update(text).digest('hex');
}

function isSigned(signature: string, state: string, text: string): boolean {
  const [given, expected] = [Buffer.from(signature), Buffer.from(signChoice(state, text))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
