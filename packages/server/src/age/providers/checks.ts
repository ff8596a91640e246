import type { Check } from '../../platform/domain.ts';
import type { ProviderService } from './flow.ts';

export function checks<Proof>(providers: ProviderService<Proof>): readonly Check[] {
  return [
    {
      name: 'age.providers',
      title: 'Providers of age checks',
      async run() {
        const health = await providers.checkHealth();
        if (health.size === 0) return { status: 'ok', finding: 'No provider is configured: people without a wallet have no other way.' };
        const silent = [...health].filter(([, isWell]) => !isWell).map(([id]) => id);
        if (silent.length === 0) return { status: 'ok', finding: `${health.size} providers answer.` };
        return {
          status: 'attention',
          finding: `These do not answer: ${silent.join(', ')}.`,
          remedy: 'Ask the provider, or take it out of the file of providers; people see the other ways meanwhile.',
        };
      },
    },
  ];
}
