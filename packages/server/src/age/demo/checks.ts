import type { Config } from '../../platform/config.ts';
import type { Check } from '../../platform/domain.ts';
import { isDemoOn, isPrivate } from './availability.ts';

export function checks(config: Config): readonly Check[] {
  return [
    {
      name: 'age.demo',
      title: 'Demonstration of age checks',
      async run() {
        if (!isDemoOn(config)) return { status: 'ok', finding: 'off' };
        if (isPrivate(config)) return { status: 'ok', finding: 'on, at this machine alone; only its own service believes its wallets' };
        return {
          status: 'attention',
          finding: 'on, although others may reach this server: people may take its pretend checks for real ones; no other service believes its wallets',
          remedy: 'Set GATEHOUSE_AGE_DEMO to auto or off.',
        };
      },
    },
  ];
}
