/** The provider of the demonstration: the one for trials, offered without any configuration, and to the service of the demonstration alone. */
import { createSandboxProvider } from '../providers/sandbox-provider.ts';
import type { ConfiguredProviders } from '../providers/configuration.ts';
import { DeclarationSchema } from '../providers/schema.ts';
import { DEMO_PROVIDER } from './schema.ts';

export function addDemoProvider(configured: ConfiguredProviders, isOn: boolean): ConfiguredProviders {
  // A provider of the operator's own that has this name stays what it is.
  if (!isOn || configured.providers.some(({ id }) => id === DEMO_PROVIDER)) return configured;
  const declaration = DeclarationSchema.parse({
    title: 'Pretend provider (demonstration)',
    kind: 'sandbox',
    basis: 'verifies',
    data: ['nothing: you choose its answer on the next page'],
    retention: 'not at all',
    canSayUnder: true,
  });
  const provider = { ...createSandboxProvider({ id: DEMO_PROVIDER, declaration }), isForDemo: true } as const;
  return { ...configured, providers: [...configured.providers, provider] };
}
