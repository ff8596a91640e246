/** What a registry or a dataset writes where a country is meant. */

/** Not countries: registries write them for a region, for nobody, or for an anonymising network. */
const NO_COUNTRY = new Set(['AP', 'EU', 'XX', 'ZZ']);

/** ISO 3166-1 alpha-2, or null. `UK` is written for `GB`, and reserved for it. */
export function toCountry(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const code = value.trim().toUpperCase();
  if (!/^[A-Z]{2}$/.test(code) || NO_COUNTRY.has(code)) return null;
  return code === 'UK' ? 'GB' : code;
}

/** What a dataset knows about an address or a network. */
export interface Located {
  readonly country: string | null;
  readonly asn: number | null;
  readonly network: string | null;
  readonly isAnycast: boolean;
}

const ASN_MAX = 4_294_967_295;
const NETWORK_CHARS_MAX = 200;

/** `64496`, `AS64496` or the number itself. AS 0 and the last one are no networks (RFC 7607, RFC 7300). */
export function toAsn(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  const match = /^(?:AS)?(\d{1,10})$/i.exec(text);
  const asn = match === null ? 0 : Number(match[1]);
  return asn >= 1 && asn < ASN_MAX ? asn : null;
}

export function toNetworkName(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const name = cleanText(value);
  return name === '' ? null : name.slice(0, NETWORK_CHARS_MAX);
}

/** Text of outsiders on one line, without what controls a terminal or turns the direction of writing. */
export function cleanText(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** A record of an mmdb file, in the shapes of MaxMind, DB-IP, IPinfo and ip-location-db. */
export function toLocated(record: unknown): Located | null {
  if (typeof record !== 'object' || record === null) return null;
  const read = (...path: readonly string[]): unknown => path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), record);
  // `registered_country` is where the addresses were given out, not where they are: left out.
  const country = toCountry(read('country_code')) ?? toCountry(read('country', 'iso_code')) ?? toCountry(read('country'));
  const asn = toAsn(read('autonomous_system_number')) ?? toAsn(read('asn'));
  const network = toNetworkName(read('autonomous_system_organization')) ?? toNetworkName(read('as_name'));
  const isAnycast = read('is_anycast') === true || read('traits', 'is_anycast') === true;
  return country === null && asn === null && !isAnycast ? null : { country, asn, network, isAnycast };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
