/**
 * The words of our JSON-LD: schema.org (Legislation and its kin), PROV-O (what comes from what, and who stands for it), Web Annotation (quotes), and
 * words of our own for what none of them has. Written with prefixes, so that a reader without a JSON-LD processor can read it as JSON.
 */
export const CONTEXT = {
  schema: 'https://schema.org/',
  prov: 'http://www.w3.org/ns/prov#',
  oa: 'http://www.w3.org/ns/oa#',
  gh: 'urn:gatehouse:register#',
} as const;

/** schema.org knows three; `unknown` is left out. */
export const LEGAL_FORCE = {
  yes: 'schema:InForce',
  partly: 'schema:PartiallyInForce',
  no: 'schema:NotInForce',
} as const;

export const TYPES = {
  register: ['schema:Dataset', 'prov:Collection'],
  recommendation: ['schema:CreativeWork', 'prov:Entity'],
  response: ['schema:Comment', 'prov:Entity'],
  action: ['schema:Action', 'prov:Activity'],
  status: ['schema:Claim', 'prov:Entity'],
} as const;
