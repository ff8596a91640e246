/** Bootstrap files of RDAP (RFC 9224): which registry answers for an address, a number of a network, a name. */
import { z } from 'zod';
import { compareAddresses, isWithin, parsePrefix, type Address, type AddressRange } from './address-rules.ts';

const BootstrapSchema = z.object({
  publication: z.string().max(40).catch(''),
  services: z
    .array(z.tuple([z.array(z.string().max(253)).max(20_000), z.array(z.string().max(1000)).max(20)]).rest(z.unknown()))
    .min(1)
    .max(20_000),
});

interface Service<Key> {
  readonly key: Key;
  /** Base address with a slash at its end. */
  readonly base: string;
}

type Asns = { readonly first: number; readonly last: number };
type Entry =
  | ({ readonly kind: 'address' } & Service<AddressRange>)
  | ({ readonly kind: 'asn' } & Service<Asns>)
  | ({ readonly kind: 'name' } & Service<string>);

export interface Bootstrap {
  readonly date: string | null;
  readonly entries: number;
  readonly addresses: readonly Service<AddressRange>[];
  readonly asns: readonly Service<Asns>[];
  readonly names: ReadonlyMap<string, string>;
  /** Every base address, for redirects from one registry to another. */
  readonly bases: readonly string[];
}

/** @returns undefined when it is no bootstrap file, or has an entry that is none */
export function readBootstrap(text: string): Bootstrap | undefined {
  const parsed = BootstrapSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const entries: Entry[] = [];
  for (const [keys, urls] of parsed.data.services) {
    const base = pickBase(urls);
    for (const key of base === undefined ? [] : keys) {
      const entry = readEntry(key, base ?? '');
      if (entry === undefined) return undefined;
      entries.push(entry);
    }
  }
  return {
    date: /^\d{4}-\d{2}-\d{2}/.exec(parsed.data.publication)?.[0] ?? null,
    entries: entries.length,
    addresses: entries.filter((entry) => entry.kind === 'address'),
    asns: entries.filter((entry) => entry.kind === 'asn'),
    names: new Map(entries.flatMap((entry) => (entry.kind === 'name' ? [[entry.key, entry.base] as const] : []))),
    bases: [...new Set(entries.map(({ base }) => base))],
  };
}

function readEntry(key: string, base: string): Entry | undefined {
  const range = parsePrefix(key);
  if (range !== undefined) return { kind: 'address', key: range, base };
  const [, first, last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(key) ?? [];
  if (first !== undefined) return { kind: 'asn', key: { first: Number(first), last: Number(last) }, base };
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(key) ? { kind: 'name', key: key.toLowerCase(), base } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "The client SHOULD prefer" https (RFC 9224, section 3). Whether plain http may be called is for the guarded client to say. */
function pickBase(urls: readonly string[]): string | undefined {
  const usable = urls.filter((url) => URL.canParse(url) && /^https?:/i.test(url));
  const picked = usable.find((url) => /^https:/i.test(url)) ?? usable[0];
  return picked === undefined || picked.endsWith('/') ? picked : `${picked}/`;
}

/** The longest prefix wins (section 5.1). */
export function findByAddress(bootstraps: readonly Bootstrap[], address: Address): string | undefined {
  const found = bootstraps.flatMap(({ addresses }) => addresses.filter(({ key }) => isWithin(address, key)));
  return found.toSorted((a, b) => compareAddresses(b.key.first, a.key.first) || compareAddresses(a.key.last, b.key.last))[0]?.base;
}

export function findByAsn(bootstraps: readonly Bootstrap[], asn: number): string | undefined {
  return bootstraps.flatMap(({ asns }) => asns.filter(({ key }) => key.first <= asn && asn <= key.last))[0]?.base;
}

/** The longest part of the name, label by label (section 4). */
export function findByName(bootstraps: readonly Bootstrap[], name: string): string | undefined {
  const labels = name.toLowerCase().split('.');
  for (let at = 0; at < labels.length; at++) {
    const part = labels.slice(at).join('.');
    for (const { names } of bootstraps) if (names.has(part)) return names.get(part);
  }
  return undefined;
}
