/** Settings about the ways that content comes in, besides the HTTP API: a part of the table in settings.ts. */
import { z } from 'zod';
import { isAddressRange } from './http/client-address.ts';
import { flag, text, whole, words, type Setting } from './setting-types.ts';

const MIB = 1024 ** 2;

/** `127.0.0.1:1344`, `[::1]:0`, `localhost:3310` */
const hostPort = z
  .string()
  .trim()
  .regex(/^(?:\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i, 'must be host:port');

function isOrigin(address: string): boolean {
  return URL.canParse(address) && new URL(address).origin === address;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const s3Bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 small letters, digits, . and -');

export const SURFACE_SETTINGS = {
  stubMode: {
    schema: flag.default(false),
    about:
      'Stub mode, for tests of services that use Gatehouse: outcomes are forced by digest and file name. Only without real lists; receipts of this mode are refused elsewhere.',
  },
  passKeep: {
    schema: z.enum(['match', 'all', 'nothing']).default('match'),
    about:
      'What is kept, held for a person, of content that surfaces with an own way back (proxy, ICAP, clamd, hooks, HMA) did not let through: matches, everything that was screened and not cleared, or nothing.',
  },
  passDeadlineMs: {
    schema: whole(100, 3_600_000).default(60_000),
    about: 'How long such a surface waits for a verdict; then the answer is `error` and nothing is let through.',
  },
  tusExpiryMinutes: {
    schema: whole(1, 10_080).default(1440),
    about: 'How long an unfinished resumable upload waits for its next piece; at most seven times that in all. Then its bytes are removed.',
  },
  tusMaxOpen: { schema: whole(1, 100_000).default(50), about: 'Unfinished resumable uploads of one key, or of one end user, at once.' },
  tusWaitSeconds: {
    schema: whole(0, 60).default(20),
    about: 'How long the answer to the last piece of a resumable upload waits for the decision; after that the client asks again.',
  },
  proxyListen: { schema: hostPort.optional(), about: 'Address (host:port) of the reverse proxy in front of a web application. Default: off.' },
  proxyOrigin: {
    schema: z
      .string()
      .regex(/^(?:https?:\/\/[^/?#\s@]+\/?|unix:\/\S+)$/, 'must be http://host:port, https://host or unix:/path')
      .transform((url) => url.replace(/\/$/, ''))
      .optional(),
    about: 'The application behind the reverse proxy: http://host:port, https://host or unix:/path. Nobody else may reach it.',
  },
  proxyRoutesFile: {
    schema: text.optional(),
    about: 'JSON file of the addresses that take content through the reverse proxy; requests with a body to others are refused. Default: none is accepted.',
  },
  bodyTextMaxBytes: {
    schema: whole(1024, 256 * MIB).default(4 * MIB),
    about:
      'JSON, forms and text up to this size are looked through for files that are written in them (base64, data: addresses), in memory; larger text is held like a file that cannot be screened.',
  },
  bodyPartsMax: { schema: whole(1, 10_000).default(200), about: 'Parts of a multipart body that the proxy and ICAP take apart; a body with more is refused.' },
  surfaceAllow: {
    schema: words
      .refine((ranges) => ranges.every(isAddressRange), 'each one must be an address, a CIDR range such as 10.0.0.0/8, or loopback')
      .default(['loopback']),
    about: 'Addresses, CIDR ranges or `loopback` (comma-separated) that may speak to the ports of ICAP and clamd, whose protocols know no keys.',
  },
  surfaceOrigins: {
    schema: words.refine((origins) => origins.every(isOrigin), 'each one must be an origin such as https://forum.example').default([]),
    about: 'Origins (comma-separated) whose pages may send uploads with a ticket: https://forum.example. Default: none but this one.',
  },
  surfaceMaxConnections: { schema: whole(1, 10_000).default(200), about: 'Connections at once to each of the ports of ICAP and clamd.' },
  surfaceIdleSeconds: {
    schema: whole(1, 3600).default(120),
    about: 'A connection to the ports of ICAP, clamd and the proxy on which nothing moves for so long is ended. Waiting for a verdict does not count.',
  },
  surfaceFragmentBytes: {
    schema: whole(0, 1024 * MIB).default(25 * MIB),
    about:
      'Size of the pieces into which some clients of ICAP and clamd cut a stream (Nextcloud: 26,214,400). A body of exactly this size, and what follows it without a beginning of its own, is never let through. 0 turns this off.',
  },
  clamdListen: { schema: hostPort.optional(), about: 'Address (host:port) on which the protocol of clamd is spoken. Default: off.' },
  clamdSocket: { schema: text.optional(), about: 'Path of a Unix socket on which the protocol of clamd is spoken. Default: off.' },
  clamdSocketMode: {
    schema: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as 660')
      .default('660'),
    about: 'Who may speak to clamdSocket: its mode, in octal.',
  },
  icapListen: {
    schema: hostPort.optional(),
    about: 'host:port of the ICAP server, such as 127.0.0.1:1344; port 0 takes a free one. Off unless set.',
  },
  icapsListen: {
    schema: hostPort.optional(),
    about: 'The same for ICAP over TLS, with tlsCertFile and tlsKeyFile; usually port 11344.',
  },
  icapPreviewBytes: {
    schema: whole(0, 65_536).default(4096),
    about: 'Preview that ICAP clients are asked for. Nothing is decided by it; small requests are answered without being sent back.',
  },
  icapAvscanMethod: {
    schema: z.enum(['REQMOD', 'RESPMOD']).default('REQMOD'),
    about: 'The method that OPTIONS of the ICAP service `avscan` names; it answers both.',
  },
  icapUnscannable: {
    schema: z.enum(['block', 'error']).default('block'),
    about:
      'How ICAP says that content could not be screened and is not let through: as a block page, or as an error 500 with X-Error-Code (Nextcloud: "unscannable").',
  },
  hooksMatrixHomeserver: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    about:
      'Address of the homeserver whose media are screened over the API of matrix-content-scanner, such as https://matrix.example. Default: that API is off.',
  },
  hooksMatrixToken: {
    schema: text.optional(),
    about: 'Access token with which media are fetched for callers that have a key of ours; all others send their own.',
    isSecret: true,
  },
  hooksMatrixKeyFile: {
    schema: text.optional(),
    about:
      'File with 64 hexadecimal digits: the secret for which Matrix clients encrypt their requests. Default: made in the data directory; nodes behind one address share one.',
  },
  permitsRequired: {
    schema: flag.default(false),
    about: 'Uploads with a ticket need a permit for exactly these bytes: the file was asked about before it was sent. The gate screens it again in any case.',
  },
  permitsMinutes: { schema: whole(1, 60).default(10), about: 'How long a permit can be used.' },
  permitsPerTicket: { schema: whole(1, 10_000).default(100), about: 'Permits that one ticket may ask for; a "no" counts twice.' },
  permitsPerSubjectHour: { schema: whole(1, 100_000).default(200), about: 'The same for one end user in an hour, over all tickets.' },
  permitsFloorMs: {
    schema: whole(0, 10_000).default(250),
    about: 'Every answer about a permit is given after this time, or a multiple of it, so that its time tells nothing.',
  },
  s3Endpoint: {
    schema: z
      .url({ protocol: /^https?$/ })
      .refine(isOrigin, 'must be an origin such as https://s3.eu-west-2.amazonaws.com, without a path')
      .optional(),
    about: 'The S3-compatible store of the quarantine bucket and the released bucket: https://host or http://host:port. Default: off.',
  },
  s3PublicEndpoint: {
    schema: z
      .url({ protocol: /^https?$/ })
      .refine(isOrigin, 'must be an origin such as https://uploads.example, without a path')
      .optional(),
    about: 'The same store, as browsers and apps reach it, for the addresses that uploads are sent to. Default: s3Endpoint.',
  },
  s3Region: { schema: text.default('us-east-1'), about: 'Region that requests to the store are signed for.' },
  s3AccessKeyId: {
    schema: text.optional(),
    about: 'Key for the store: may read, list and delete in quarantine, write, read and delete in released, and sign uploads.',
  },
  s3SecretAccessKey: { schema: text.optional(), about: 'Its secret.', isSecret: true },
  s3QuarantineBucket: { schema: s3Bucket.optional(), about: 'Bucket that people upload to. Versioned, and read by nobody but Gatehouse.' },
  s3ReleasedBucket: {
    schema: s3Bucket.optional(),
    about: 'Bucket that content with a receipt is written to, by nobody but Gatehouse. The service publishes from here.',
  },
  s3KeyPrefix: {
    schema: z.string().max(200).default(''),
    about: 'Only objects of the quarantine bucket whose keys begin so are taken, and uploads get such keys. Default: all.',
  },
  s3PathStyle: { schema: flag.default(true), about: 'Whether the bucket stands in the path (https://host/bucket/key) and not in the host name.' },
  s3PollSeconds: {
    schema: whole(5, 86_400).default(60),
    about: 'How often the quarantine bucket is listed for what no event told about. Each time all of its objects are listed.',
  },
  s3EventsSecret: {
    schema: z
      .string()
      .regex(/^[\w-]{16,200}$/, 'must be 16 to 200 letters, digits, - or _')
      .optional(),
    about: 'Last part of the address /v1/hooks/s3-events/…, for stores that send events and cannot send a key. Default: keys only.',
    isSecret: true,
  },
  s3PresignMinutes: {
    schema: whole(1, 10_080).default(60),
    about: 'How long an address for an upload to the store can be used; never longer than uploadTtlMinutes.',
  },
  s3MaxObjectBytes: {
    schema: whole(1, 5 * 1024 ** 4).optional(),
    about: 'Largest object that is taken from the quarantine bucket, and that its upload policies allow. Default, and at most: maxUploadBytes.',
  },
  s3PartsAboveBytes: {
    schema: whole(5 * MIB, 5 * 1024 * MIB).default(1024 * MIB),
    about: 'Content larger than this is written to the released bucket in parts; smaller content in one request, whose digest the store checks.',
  },
  s3Promote: {
    schema: z.enum(['stream', 'copy-version']).default('stream'),
    about:
      'How content comes into the released bucket: written from the bytes that were screened and are kept here, or copied by the store from the version that was screened and then read again to compare.',
  },
  s3KeepQuarantined: {
    schema: flag.default(false),
    about: 'Leave objects in the quarantine bucket once Gatehouse holds their bytes and has decided. Default: they are deleted.',
  },
  hmaApi: {
    schema: flag.default(false),
    about: 'Whether the API of Hasher-Matcher-Actioner (its read side) is served under /hma, for its clients; with keys.',
  },
} as const satisfies Record<string, Setting>;
