/**
 * Every setting of Gatehouse, in one table: its schema, its default and what it does. `config.ts` reads them; nothing else may
 * read the environment. The environment name is GATEHOUSE_ + the key in capitals (`maxUploadBytes` -> GATEHOUSE_MAX_UPLOAD_BYTES).
 */
import { z } from 'zod';
import { isAddressRange } from './http/client-address.ts';
import { flag, text, whole, words, type Setting } from './setting-types.ts';
import { INTERNATIONAL_SETTINGS } from './settings-international.ts';
import { SURFACE_SETTINGS } from './settings-surfaces.ts';

export type { Setting } from './setting-types.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export const SETTINGS = {
  host: { schema: text.default('127.0.0.1'), about: 'Address to listen on. Anything but loopback needs TLS (tlsCertFile, tlsKeyFile) or trustedProxies.' },
  port: { schema: whole(0, 65_535).default(8080), about: 'TCP port; 0 takes a free one.' },
  publicUrl: {
    schema: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    about: 'The address that people and services use, when it is not http://host:port. Its host name is allowed in the Host header.',
  },
  allowedHosts: { schema: words.default([]), about: 'Further host names (comma-separated) allowed in the Host header.' },
  tlsCertFile: { schema: text.optional(), about: 'PEM certificate chain; with tlsKeyFile the server speaks HTTPS.' },
  tlsKeyFile: { schema: text.optional(), about: 'PEM private key of tlsCertFile.' },
  trustedProxies: {
    schema: words.refine((ranges) => ranges.every(isAddressRange), 'each one must be an address, a CIDR range such as 10.0.0.0/8, or loopback').default([]),
    about:
      'Addresses, CIDR ranges or `loopback` (comma-separated) of the reverse proxies in front that end TLS; only they are believed in X-Forwarded-For and X-Forwarded-Proto.',
  },
  dataDir: { schema: text.default('./data'), about: 'Where everything is kept: database, blobs, spool, keys. One process at a time.' },
  databaseUrl: {
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
      .optional(),
    isSecret: true,
    about: 'An own PostgreSQL >= 15 in place of the embedded one.',
  },
  databaseConnections: { schema: whole(2, 200).default(12), about: 'Largest number of database connections of this node.' },
  pgBin: { schema: text.optional(), about: 'The bin directory of an installed PostgreSQL >= 15, started in place of the packaged binaries.' },
  logLevel: { schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), about: 'How much is logged to standard error, as JSON lines.' },
  maxUploadBytes: { schema: whole(1, 64 * GIB).default(GIB), about: 'Largest upload accepted, in bytes.' },
  maxScanBytes: { schema: whole(1, 64 * GIB).default(256 * MIB), about: 'Largest body of POST /v1/scan, in bytes. Larger files go through /v1/uploads.' },
  spoolMaxBytes: { schema: whole(MIB, 1024 * GIB).default(20 * GIB), about: 'Largest total of bytes that wait in the spool; beyond it new uploads get 503.' },
  uploadTtlMinutes: { schema: whole(1, 525_600).default(1440), about: 'An upload whose content never came, or that nobody fetched, expires after this time.' },
  heldTtlDays: { schema: whole(1, 3650).default(90), about: 'How long held content is kept for a decision before it is removed.' },
  receiptTtlMinutes: { schema: whole(1, 525_600).default(1440), about: 'How long a receipt may be used to publish.' },
  receiptKeyFile: {
    schema: text.optional(),
    about:
      'Ed25519 private key (PKCS#8 PEM) that signs receipts; several nodes share one. Default: made at first start as keys/receipt.pem in the data directory.',
  },
  issuer: { schema: text.optional(), about: 'The `iss` of receipts and of results of age checks; default is the public URL.' },
  requireLists: {
    schema: flag.default(true),
    about: 'With no active list nothing can be cleared: verdict `error`, reason `no_lists`. Set to false only for trials.',
  },
  onUnscannable: {
    schema: z.enum(['hold', 'release', 'refuse']).default('hold'),
    about: 'What happens to content that could not be screened (encrypted, broken, unknown type).',
  },
  onLowQuality: {
    schema: z.enum(['hold', 'release']).default('hold'),
    about: 'What happens to pictures too plain for a reliable perceptual hash (digests are checked all the same).',
  },
  decodeProcesses: { schema: whole(0, 256).default(0), about: 'Decoder processes; 0 takes the number of cores, at most 8.' },
  decodeTimeoutMs: { schema: whole(100, 600_000).default(20_000), about: 'Time a picture may take to decode and hash.' },
  decodeMaxPixels: { schema: whole(1, 4_000_000_000).default(120_000_000), about: 'Most pixels of a picture.' },
  decodeMaxFrames: { schema: whole(1, 100_000).default(5_000), about: 'Most frames or pages of a picture.' },
  decodeMemoryMib: { schema: whole(128, 65_536).default(1536), about: 'Memory a decoder process may hold before it is ended.' },
  scanQueueLimit: { schema: whole(1, 100_000).default(256), about: 'Screenings that may wait; beyond it the answer is 503 with Retry-After.' },
  matchThreads: { schema: whole(0, 12).default(0), about: 'Threads that compare with large lists; 0 takes the number of cores, at most 8.' },
  listsPollMs: { schema: whole(50, 60_000).default(400), about: 'How often a node looks for list changes made by another node.' },
  listsStaleMs: {
    schema: whole(500, 3_600_000).default(30_000),
    about: 'A node that could not look for list changes for this long answers `error` and turns unready.',
  },
  importMaxBytes: { schema: whole(MIB, 1024 * GIB).default(8 * GIB), about: 'Largest list file.' },
  sessionHours: { schema: whole(1, 720).default(12), about: 'How long a console session lasts.' },
  signInLinkMinutes: { schema: whole(1, 1440).default(30), about: 'How long a one-time sign-in link can be used.' },
  requestsPerMinute: { schema: whole(1, 10_000_000).default(6000), about: 'Requests a minute for one key or session.' },
  anonymousPerMinute: { schema: whole(1, 1_000_000).default(120), about: 'Requests a minute for one address without credentials.' },
  outboundAllow: {
    schema: words.default([]),
    about: 'Hosts (host or host:port, comma-separated) that may be called although they are not public https addresses, such as an internal callback receiver.',
  },
  callbackRetryHours: { schema: whole(1, 168).default(24), about: 'For how long a callback is tried again before it goes to the dead letters.' },
  ageSessionMinutes: { schema: whole(1, 60).default(15), about: 'How long an age check may take.' },
  ageRequestSeconds: {
    schema: whole(30, 600).default(120),
    about: 'How long a wallet may take to answer a request of an age check; also how long a QR code lives.',
  },
  ageAttempts: { schema: whole(1, 20).default(5), about: 'Presentations that may be sent to one age check.' },
  ageResultMinutes: { schema: whole(1, 10).default(10), about: 'How long the signed result of an age check can be used.' },
  ageRetentionMinutes: { schema: whole(1, 1440).default(20), about: 'How long an ended age check is still known before it is deleted.' },
  ageVerifications: { schema: whole(1, 64).default(2), about: 'Presentations verified at once on one node; as many as forty times that may wait.' },
  ageSdJwtTypes: {
    schema: words.default([]),
    about: 'Types (`vct`, comma-separated) of SD-JWT credentials that may answer an age check, besides the mdoc types that are built in.',
  },
  ageAllowBirthDate: {
    schema: flag.default(false),
    about: 'Asks wallets for a date of birth where they have no attested age. It says more than is needed; it is compared and forgotten.',
  },
  ageStatusRefreshMinMinutes: {
    schema: whole(1, 1440).default(5),
    about: 'A status list is fetched again after this time at the earliest, whatever its issuer says.',
  },
  ageStatusRefreshMaxMinutes: {
    schema: whole(1, 10_080).default(60),
    about: 'A status list is fetched again after this time at the latest: so long may a credential that was taken back still be accepted.',
  },
  ageStatusMaxStaleMinutes: {
    schema: whole(2, 43_200).default(1440),
    about: 'A status list that could not be fetched for this long is not believed any more; credentials that name it are refused.',
  },
  ageStatusMemoryMib: { schema: whole(32, 65_536).default(64), about: 'Memory for status lists: half for what was served, half for what is unpacked.' },
  ageSignalConflict: {
    schema: z.enum(['verify', 'count']).default('verify'),
    about:
      'When an answer that was not verified contradicts what the device signalled: `verify` asks for a way that verifies, `count` takes the answer and only counts it.',
  },
  ageProvidersFile: {
    schema: text.optional(),
    about: 'JSON file of the providers of age checks without a wallet, with what each declares about itself. Default: none.',
  },
  ageKeyFile: {
    schema: text.optional(),
    about:
      'Ed25519 private key (PKCS#8 PEM) that signs results of age checks; several nodes share one. Default: made at first start as keys/age.pem in the data directory.',
  },
  ageVerifierFile: {
    schema: text.optional(),
    about:
      'PEM file with the P-256 private key and the certificate chain with which age requests to wallets are signed; several nodes share one. Default: self-signed, made at first start as keys/age-verifier.pem; wallets that want a registered verifier need one of their own scheme.',
  },
  ageTokenKeyFile: {
    schema: text.optional(),
    about:
      'File of 64 hexadecimal digits that seals the keys of age tokens in the database; several nodes share one. Default: made at first start as keys/age-token.key in the data directory.',
  },
  ageDemo: {
    schema: z.enum(['auto', 'on', 'off']).default('auto'),
    about:
      'The demonstration of age checks at /age/try, with simulated wallets that only its own service `demo` believes. `auto`: on only where nobody else can reach the server (loopback, no public URL, no proxy, no further host names).',
  },
  ageGateMinutes: {
    schema: whole(1, 1440).default(60),
    about: 'How long the cookie of the age gate lets a browser pass before the person is asked again.',
  },
  ageGateKeyFile: {
    schema: text.optional(),
    about:
      'File of 64 hexadecimal digits that protects the cookies of the age gate; several nodes share one. Default: made at first start as keys/age-gate.key in the data directory.',
  },
  ageOpenidKeyFile: {
    schema: text.optional(),
    about:
      'P-256 private key (PKCS#8 PEM) that signs ID tokens for OpenID clients; several nodes share one. Default: made at first start as keys/age-openid.pem in the data directory.',
  },
  ageEvidenceDays: {
    schema: whole(92, 3650).default(100),
    about: 'How long the counts of age checks are kept by day; then they are folded into months, in which rare groups are merged.',
  },
  ageEvidenceMinCount: {
    schema: whole(50, 100_000).default(50),
    about: 'No figure about age checks is shown that is about fewer than this many, or from which one could be worked out.',
  },
  ageEvidenceGapPercent: {
    schema: whole(1, 100).default(10),
    about: 'Difference, in percentage points, of the share of people who get an answer between languages, devices or ways; above it the evidence fails.',
  },
  ageStatement: { schema: flag.default(true), about: 'Whether the public statement about age checks is served at /age/statement.' },
  ageStatementFile: {
    schema: text.optional(),
    about: 'JSON file with the words of the operator in that statement: operator, preface, alternatives, contact. Read at the start.',
  },
  codeStatement: {
    schema: flag.default(false),
    about: 'Whether the public statement about measures and their states is served at /code/statement. Off until you decide to publish it.',
  },
  codeStatementFile: {
    schema: text.optional(),
    about: 'JSON file with the words of the operator in that statement: operator, preface, contact. Read at the start.',
  },
  logKeyFile: {
    schema: text.optional(),
    about:
      'Ed25519 private key (PKCS#8 PEM) that signs checkpoints of the log; several nodes share one. Default: made at first start as keys/log.pem in the data directory.',
  },
  logOrigin: {
    schema: z
      .string()
      .regex(/^[^\s+]{1,200}$/u, 'must be a name without spaces and plus signs')
      .optional(),
    about: 'The name of the log, in every checkpoint and proof. Set it once and keep it. Default: the public URL without its scheme, and `/log`.',
  },
  logPublic: {
    schema: flag.default(true),
    about: 'Whether everybody may read the log at /log/. Entries hold kinds, minutes, versions and commitments, and nothing about persons.',
  },
  logWitnessName: {
    schema: z
      .string()
      .regex(/^[^\s+]{1,200}$/u, 'must be a name without spaces and plus signs')
      .optional(),
    about:
      'The name under which this installation cosigns the logs of others, as their witness. Set it once and keep it. Default: the name of the log, and `/witness`.',
  },
  logWitnessKeyFile: {
    schema: text.optional(),
    about:
      'Ed25519 private key (PKCS#8 PEM) that cosigns the logs of others; several nodes share one. Default: made when the first of them is added, as keys/log-witness.pem in the data directory.',
  },
  logTimestampUrl: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    about: 'Address of a time-stamping authority (RFC 3161), which is asked once a day to stamp the last checkpoint of the log. Needs logTimestampCaFile.',
  },
  logTimestampCaFile: {
    schema: text.optional(),
    about: 'PEM file with the certificate (or certificates) of the authority above the time-stamping service. Only stamps that lead to it are kept.',
  },
  logTimestampPolicy: {
    schema: z
      .string()
      .regex(/^[012](\.(0|[1-9]\d*))+$/, 'must be an object identifier such as 1.2.3.4')
      .optional(),
    about: 'The policy that is asked of the time-stamping authority; a stamp under another one is refused. Default: whatever policy the authority has.',
  },
  codeCatalogueKeys: {
    schema: words.default([]),
    about:
      'Verifier keys (name+id+key, comma-separated) of further publishers of the catalogue of measures. What they sign is believed as much as what comes with Gatehouse.',
  },
  codeCanaryMinutes: {
    schema: whole(0, 10_080).default(60),
    about: 'How often pictures of our own are sent through the gate to see whether they are found; 0: never, and then nothing shows that they would be.',
  },
  codeProbeMinutes: {
    schema: whole(0, 10_080).default(60),
    about: 'How often it is tried to get past the gate of age checks, and the pages named below are fetched; 0: never.',
  },
  codeTermsUrl: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    about: 'Address of the terms of the service, fetched without sign-in: whether they can be reached, their headings, their reading age.',
  },
  codeTermsHeadings: { schema: words.default([]), about: 'Words (comma-separated) that must each stand in a heading of the terms.' },
  codeReadingAge: {
    schema: whole(0, 25).default(0),
    about: 'The reading age that the terms must not be above, such as the lowest age of users; 0: it is measured only.',
  },
  codeComplaintsUrl: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    about: 'Address of the page on which anybody can complain, fetched without sign-in.',
  },
  codeFeatureUrls: {
    schema: words.default([]),
    about: 'Addresses (comma-separated) of pages of features that the code asks for, such as blocking and muting.',
  },
  ...INTERNATIONAL_SETTINGS,
  ...SURFACE_SETTINGS,
  stopTimeoutMs: { schema: whole(100, 600_000).default(20_000), about: 'How long a stop waits for requests under way.' },
} as const satisfies Record<string, Setting>;

export type Settings = typeof SETTINGS;
export type SettingKey = keyof Settings;
/** The configuration: one value for each setting. */
export type Config = { readonly [Key in SettingKey]: z.output<Settings[Key]['schema']> };
