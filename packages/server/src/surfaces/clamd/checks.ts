/** What `gatehouse doctor` says about the ports of clamd's protocol. */
import type { Check } from '../../platform/domain.ts';
import type { Config } from '../../platform/config.ts';

/** What is open to more than this machine is worth a look. */
export function checks(config: Pick<Config, 'clamdListen' | 'clamdSocket' | 'surfaceAllow'>): readonly Check[] {
  const { clamdListen, clamdSocket, surfaceAllow } = config;
  const places = [clamdListen, clamdSocket].filter((place) => place !== undefined);
  if (places.length === 0) return [];
  const others = clamdListen === undefined ? [] : surfaceAllow.filter((range) => range !== 'loopback');
  return [
    {
      name: 'clamd.open',
      title: 'The protocol of clamd',
      run: async () =>
        others.length === 0
          ? { status: 'ok', finding: `Spoken on ${places.join(' and ')}, to this machine only.` }
          : {
              status: 'attention',
              finding: `Spoken on ${places.join(' and ')}, without keys, to ${others.join(', ')} as well.`,
              remedy: 'See that only machines of yours have these addresses, and that the port is on no public network (GATEHOUSE_SURFACE_ALLOW).',
            },
    },
  ];
}
