import type { Check } from '../../platform/domain.ts';
import type { PasskeyService } from './service.ts';

export function checks(service: PasskeyService): readonly Check[] {
  return [
    {
      name: 'age.passkeys',
      title: 'Passkeys of age checks',
      run: async () =>
        service.isAvailable()
          ? { status: 'ok', finding: 'the public address allows passkeys' }
          : {
              status: 'attention',
              finding: 'browsers allow no passkeys for the public address; none are offered',
              remedy: 'Set GATEHOUSE_PUBLIC_URL to an https address with a host name (http://localhost does for trials).',
            },
    },
  ];
}
