/** Whom age checks believe: anchors in one form, whatever list they came in. */
import { z } from 'zod';

export const LIST_FORMATS = ['pem', 'vical', 'lote', 'ts119612'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export const ASSURANCES = ['high', 'substantial', 'unknown'] as const;
export type Assurance = (typeof ASSURANCES)[number];

/** One trusted certificate as an importer found it. */
export interface FoundAnchor {
  /** DER. */
  readonly certificate: Uint8Array;
  /** Undefined: what the operator says at the import, else any. */
  readonly documentTypes: readonly string[] | undefined;
  readonly country: string | undefined;
  readonly validFrom: Date | undefined;
  readonly validTo: Date | undefined;
}

/** A list whose signature was verified against the signer that the operator named. */
export interface FoundList {
  readonly anchors: readonly FoundAnchor[];
  /** Rises with every edition, where the format has one. */
  readonly sequence: number | undefined;
  readonly issuedAt: Date | undefined;
  readonly nextUpdate: Date | undefined;
  /** Entries that cannot be used, and why. */
  readonly refused: readonly { readonly what: string; readonly reason: string }[];
}

export const ImportSchema = z.strictObject({
  /** The operator's name for the list; an import under the same name replaces it. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'must be small letters, digits and hyphens'),
  format: z.enum(['auto', ...LIST_FORMATS]).default('auto'),
  /** base64 of the file. */
  content: z.base64().max(1_000_000, 'must be a file of at most 750 KB'),
  /** PEM of the certificate that must have signed the list, or of the authority above its signer. PEM lists have none. */
  signer: z.string().max(100_000).optional(),
  documentTypes: z.array(z.string().min(1).max(200)).max(50).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  assurance: z.enum(ASSURANCES).default('unknown'),
  dryRun: z.boolean().default(false),
  /** Takes an older edition than the one that is there. */
  force: z.boolean().default(false),
});
export type TrustImport = z.output<typeof ImportSchema>;

export const AnchorViewSchema = z
  .object({
    id: z.string(),
    list: z.string(),
    subject: z.string(),
    documentTypes: z.array(z.string()).nullable(),
    country: z.string().nullable(),
    assurance: z.enum(ASSURANCES),
    validFrom: z.iso.datetime(),
    validTo: z.iso.datetime(),
    mutedAt: z.iso.datetime().nullable(),
    muteReason: z.string().nullable(),
  })
  .meta({ id: 'AgeTrustAnchor' });
export type AnchorView = z.output<typeof AnchorViewSchema>;

export const ListViewSchema = z
  .object({
    name: z.string(),
    format: z.enum(LIST_FORMATS),
    sequence: z.number().nullable(),
    issuedAt: z.iso.datetime().nullable(),
    nextUpdate: z.iso.datetime().nullable(),
    sha256: z.string(),
    importedAt: z.iso.datetime(),
    importedBy: z.string(),
    anchors: z.number(),
  })
  .meta({ id: 'AgeTrustList' });
export type ListView = z.output<typeof ListViewSchema>;

export const ReportSchema = z
  .object({
    name: z.string(),
    format: z.enum(LIST_FORMATS),
    isDryRun: z.boolean(),
    added: z.array(z.string()).describe('Anchors, by id.'),
    unchanged: z.number(),
    gone: z.array(z.string()),
    refused: z.array(z.object({ what: z.string(), reason: z.string() })),
  })
  .meta({ id: 'AgeTrustReport' });
export type TrustReport = z.output<typeof ReportSchema>;

export const MuteSchema = z.strictObject({ reason: z.string().min(1).max(500) });
export const AnchorIdSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of an anchor: 64 hexadecimal digits');

export const TestSchema = z.strictObject({
  /** PEM: the signer's certificate first. */
  chain: z.string().max(200_000),
  documentType: z.string().max(200).optional(),
});
export const TestedSchema = z.object({ isTrusted: z.boolean(), anchor: z.string().nullable(), reason: z.string().nullable() }).meta({ id: 'AgeTrustTest' });
export type Tested = z.output<typeof TestedSchema>;

/** What is wrong with a file; the message says what to do. */
export class TrustListFault extends Error {
  override readonly name = 'TrustListFault';
}
