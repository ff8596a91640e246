/**
 * Where something is hosted: a claim with its method, dataset and date, never a fact (international-and-register.md, sections 4.3 and 3.4). Nothing of the
 * reported content is ever fetched: names are resolved, registries (RDAP) are asked, datasets of the operator are read.
 */
import { z } from 'zod';

/** ISO 3166-1 alpha-2. */
export const CountrySchema = z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166-1)');

/** Given by a person. A URL is reduced to its host before anything is asked. */
export const TargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('url'), value: z.string().min(1).max(4096) }),
  z.strictObject({ kind: z.literal('domain'), value: z.string().min(1).max(253) }),
  z.strictObject({ kind: z.literal('ip'), value: z.string().min(2).max(45) }),
  z.strictObject({ kind: z.literal('asn'), value: z.string().regex(/^(AS)?\d{1,10}$/i) }),
]);
export type Target = z.output<typeof TargetSchema>;

export const METHODS = ['geofeed', 'geo_db', 'rir_allocation', 'rdap_country', 'operator_statement', 'hotline_trace'] as const;

export const FindingSchema = z.object({
  method: z.enum(METHODS),
  country: CountrySchema,
  /** `server-country.mmdb`, the RDAP server asked, or who said it. */
  dataset: z.string(),
  datasetDate: z.iso.date().nullable(),
});
export type Finding = z.output<typeof FindingSchema>;

export const AddressClaimSchema = z.object({
  ip: z.string(),
  asn: z.number().int().nullable(),
  network: z.string().nullable().describe('Name of the network as the registry has it.'),
  findings: z.array(FindingSchema),
  /** Of the datasets that know the address, how many say `country`. */
  agreement: z.object({ agree: z.number().int(), of: z.number().int() }),
  /** What most say; null when they do not agree, or for an edge. */
  country: CountrySchema.nullable(),
  isEdge: z.boolean().describe('A known delivery network or anycast: where the content itself is, is unknown.'),
});
export type AddressClaim = z.output<typeof AddressClaimSchema>;

/**
 * Whom one could turn to, and for what: a registrar can suspend the name, the network can take the host down, the operator can delete the item, a delivery
 * network tells its customer and the host. The answers are not interchangeable.
 */
export const SCOPES = ['hotline', 'police', 'regulator', 'network', 'host', 'registrar', 'cdn'] as const;
export type Scope = (typeof SCOPES)[number];
export const ContactSchema = z.object({
  scope: z.enum(SCOPES),
  name: z.string(),
  email: z.string().nullable(),
  url: z.string().nullable(),
  source: z.string().describe('Where the contact comes from: `RDAP https://…`, `profile GB`, `guess of RFC 2142`.'),
  retrievedAt: z.iso.datetime(),
  problem: z.string().nullable().describe('A placeholder of the registry, not reachable, not approved.'),
});
export type Contact = z.output<typeof ContactSchema>;

/** What is said about a network as a whole, when its number was asked for. */
export const NetworkClaimSchema = AddressClaimSchema.omit({ ip: true, asn: true }).extend({ asn: z.number().int() });
export type NetworkClaim = z.output<typeof NetworkClaimSchema>;

export const HostingClaimSchema = z
  .object({
    kind: z.enum(['url', 'domain', 'ip', 'asn']),
    /** Without path and query; null for an ASN. */
    host: z.string().nullable(),
    origin: z.enum(['claimed', 'edge_origin_unknown', 'disputed', 'unknown', 'onion']),
    country: CountrySchema.nullable(),
    addresses: z.array(AddressClaimSchema),
    aliases: z.array(z.string()).optional().describe('Names that the name leads through (CNAME), in order.'),
    autnum: NetworkClaimSchema.optional().describe('For a number of a network.'),
    registrar: z.string().nullable(),
    contacts: z.array(ContactSchema),
    problems: z.array(z.string()).describe('What could not be asked, in words.'),
    madeAt: z.iso.datetime(),
  })
  .meta({ id: 'HostingClaim' });
export type HostingClaim = z.output<typeof HostingClaimSchema>;

export const DatasetViewSchema = z
  .object({
    name: z.string(),
    /** `unreadable`: the file named in the settings could not be used, and no earlier one is in use. */
    kind: z.enum(['mmdb', 'ranges', 'delegated', 'bootstrap', 'unreadable']),
    /** Of the data; null: nobody knows. */
    date: z.string().nullable(),
    licence: z.string().nullable(),
    entries: z.number().int(),
    isStale: z.boolean(),
    problem: z.string().nullable().describe('Why the file as it is now is not used.'),
  })
  .meta({ id: 'HostingDataset' });
export type DatasetView = z.output<typeof DatasetViewSchema>;

export interface HostingService {
  /** @throws {GatehouseError} `hosting_target_invalid`: not a public name or address; `busy`: too many are being made */
  claim(target: Target, signal?: AbortSignal): Promise<HostingClaim>;
  datasets(): Promise<readonly DatasetView[]>;
  /** Reads the configured files again; what is damaged is refused and the old one stays. */
  reload(): Promise<readonly DatasetView[]>;
}

export const DatasetNameSchema = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a file name of letters, digits, dots, dashes and underscores')
  .refine((name) => !name.endsWith('.meta.json') && !name.includes('.tmp-'), 'has an ending that means something else here');

export const DatasetUpdateSchema = z
  .object({
    name: z.string(),
    entries: z.number().int(),
    date: z.string().nullable(),
    sha256: z.string(),
    /** False: whoever publishes it publishes no digest; the connection alone vouches for it. */
    isDigestChecked: z.boolean(),
  })
  .meta({ id: 'HostingDatasetUpdate' });
export type DatasetUpdate = z.output<typeof DatasetUpdateSchema>;

export interface DatasetUpload {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256?: string | undefined;
  readonly licence?: string | undefined;
  readonly date?: string | undefined;
}

/** What operators do with datasets. Other rooms need only `HostingService`. */
export interface DatasetUpdates {
  /** Each of `geoUpdateUrls`, or the one given. @throws {GatehouseError} `dataset_failed`, `dataset_invalid`; what was there stays */
  update(url: string | undefined, actor: string): Promise<readonly DatasetUpdate[]>;
  put(upload: DatasetUpload, actor: string): Promise<DatasetUpdate>;
}
export interface HostingRoom extends HostingService, DatasetUpdates {}
