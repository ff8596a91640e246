import type { Check } from '../../platform/domain.ts';
import type { Stub } from './stub.ts';

export function stubChecks(stub: Stub): readonly Check[] {
  return [
    {
      name: 'screening.stub',
      title: 'Stub mode',
      run: async () => ({
        status: 'attention',
        finding: `Stub mode is on: outcomes are forced by digest and file name (${stub.list().length} now), and nothing here protects anybody.`,
        remedy: 'For tests only. Where real people upload, remove GATEHOUSE_STUB_MODE and start again.',
      }),
    },
  ];
}
