/** Where the demonstration runs. */
import { isLoopback, type Config } from '../../platform/config.ts';

type Place = Pick<Config, 'host' | 'publicUrl' | 'trustedProxies' | 'allowedHosts'>;

/** Nobody but people at this machine can reach the server, as far as its settings say. */
export function isPrivate({ host, publicUrl, trustedProxies, allowedHosts }: Place): boolean {
  return isLoopback(host) && publicUrl === undefined && trustedProxies.length === 0 && allowedHosts.length === 0;
}

export function isDemoOn(config: Place & Pick<Config, 'ageDemo'>): boolean {
  return config.ageDemo === 'on' || (config.ageDemo === 'auto' && isPrivate(config));
}
