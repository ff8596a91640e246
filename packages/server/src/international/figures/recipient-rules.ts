/** Kinds of recipients, in words. */
import { SCOPES, type Scope } from '../hosting/schema.ts';

const NAMES: Readonly<Record<Scope, string>> = {
  hotline: 'Hotline',
  police: 'Police',
  regulator: 'Regulator',
  network: 'Network',
  host: 'Host',
  registrar: 'Registrar',
  cdn: 'Delivery network',
};

export function nameRecipient(key: string): string {
  const scope = SCOPES.find((one) => one === key);
  return scope === undefined ? 'Not known' : NAMES[scope];
}
