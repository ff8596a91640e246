import type { AppContext, Check, CheckResult } from '../../platform/domain.ts';
import { isLoopback } from '../../platform/config.ts';
import { splitHostPort } from '../socket-listener.ts';
import type { IcapService } from './index.ts';

export function checks(service: Pick<IcapService, 'addresses'>, context: AppContext): readonly Check[] {
  return [{ name: 'surfaces.icap', title: 'ICAP', run: async () => checkIcap(service, context) }];
}

function checkIcap(service: Pick<IcapService, 'addresses'>, { config }: AppContext): CheckResult {
  const wanted = [config.icapListen, config.icapsListen].filter((at) => at !== undefined);
  if (wanted.length === 0) return { status: 'ok', finding: 'off' };
  const open = [...service.addresses()].map(([name, address]) => `${name}://${address}`);
  const finding = `${open.length === 0 ? 'not open in this process' : `open: ${open.join(', ')}`}; may speak: ${config.surfaceAllow.join(', ')}`;
  if (config.icapListen !== undefined && !isLoopback(splitHostPort(config.icapListen).host))
    return {
      status: 'attention',
      finding: `${finding}; content travels in the clear`,
      remedy: 'Let clients use ICAPS (GATEHOUSE_ICAPS_LISTEN), or keep this port to a network of your own.',
    };
  if (config.surfaceFragmentBytes === 0)
    return {
      status: 'attention',
      finding: `${finding}; pieces of files are not looked for`,
      remedy: 'Set GATEHOUSE_SURFACE_FRAGMENT_BYTES to the stream length at which the client cuts files (Nextcloud: av_stream_max_length).',
    };
  return { status: 'ok', finding };
}
