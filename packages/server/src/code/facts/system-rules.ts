/** What Gatehouse knows about the service because it does it. A person's answer counts before it, and both are shown. Pure. */
import type { FactValue } from './schema.ts';

export interface Installation {
  /** Services that ask for ages here; the demonstration is none. */
  readonly ageServices: number;
}

export interface FoundFact {
  readonly fact: string;
  /** Null: it says nothing any more. Not having a thing here does not mean that the service has it nowhere. */
  readonly value: FactValue | null;
  readonly method: string;
}

export const FINDER = 'gatehouse';

export function listFound({ ageServices: count }: Installation): FoundFact[] {
  const gate =
    count === 0
      ? 'No service is set up for age checks here, which says nothing about age checks elsewhere.'
      : `Age checks are set up here for ${count === 1 ? 'one service' : `${count} services`}.`;
  return [
    { fact: 'proactiveTech', value: true, method: 'Uploads are compared with hash lists here, which is content identification technology (OSA s.231).' },
    { fact: 'ageMeans', value: count > 0 ? true : null, method: gate },
    { fact: 'usesHeaa', value: count > 0 ? true : null, method: `${gate} Whether they are highly effective as you use them is for you to judge.` },
  ];
}
