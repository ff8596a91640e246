/** Settings about hosting countries and notices: a part of the table in settings.ts. */
import { z } from 'zod';
import { isServerAddress } from './http/client-address.ts';
import { flag, text, whole, words, type Setting } from './setting-types.ts';

export const INTERNATIONAL_SETTINGS = {
  hostingResolvers: {
    schema: words.refine((servers) => servers.every(isServerAddress), 'each one must be an address, or address:port').default([]),
    about: 'DNS resolvers (addresses, comma-separated) that are asked where reported material is hosted. Default: those of the system.',
  },
  hostingEdgeAsns: {
    schema: words
      .refine((asns) => asns.every((asn) => /^(AS)?[1-9]\d{0,9}$/i.test(asn)), 'each one must be the number of a network, such as AS64496')
      .default([]),
    about: 'Numbers of further networks (comma-separated) that deliver content of others: the origin of what is in them is unknown.',
  },
  geoFiles: {
    schema: words.default([]),
    about:
      'Files (comma-separated) that say in which country addresses are: mmdb, ranges as CSV, statistics of the registries; and bootstrap files of RDAP. They are used together with what `gatehouse geo update` fetched.',
  },
  geoUpdateUrls: {
    schema: words
      .refine((urls) => urls.every((url) => z.url({ protocol: /^https?$/ }).safeParse(url).success), 'each one must be an http(s) address')
      .default([]),
    about: 'Addresses (comma-separated) of such files, fetched by `gatehouse geo update` with the digest file (.sha256) beside each.',
  },
  geoMaxAgeDays: { schema: whole(1, 3650).default(40), about: 'A dataset older than this is reported by `gatehouse doctor`, and marked where it is shown.' },
  internationalPhasesFile: {
    schema: text.optional(),
    about:
      'JSON file with four names: what phases 1 to 4 of an assessment under the Model National Response are called. Default: "phase 1" to "phase 4", because the names were not obtained.',
  },
  noticesSmtpUrl: {
    schema: z
      .string()
      .regex(/^smtps?:\/\/[^@/]+\/?$/, 'must be smtp://host:port or smtps://host:port, without a user')
      .optional(),
    about:
      'Mail server through which notices are sent: smtp://host:587 (TLS is required, unless the host is this machine or in outboundAllow) or smtps://host:465. Default: nothing is sent by mail.',
  },
  noticesSmtpUser: { schema: text.optional(), about: 'User name at that mail server.' },
  noticesSmtpPassword: { schema: text.optional(), isSecret: true, about: 'Password of that user. It is never sent without TLS, except on this machine.' },
  noticesApiUrl: {
    schema: z.url({ protocol: /^https?$/ }).optional(),
    about: 'Address of a mail service that takes notices as JSON, in place of noticesSmtpUrl. docs/guide/international.md has the format.',
  },
  noticesApiToken: { schema: text.optional(), isSecret: true, about: 'Bearer token for noticesApiUrl.' },
  noticesImapUrl: {
    schema: z
      .string()
      .regex(/^imaps?:\/\/[^@/]+\/?$/, 'must be imap://host:port or imaps://host:port, without a user')
      .optional(),
    about:
      'Mailbox in which replies to notices arrive: imaps://host:993, or imap://host:143 (TLS is required, unless the host is this machine). Default: replies come through the API only.',
  },
  noticesImapUser: { schema: text.optional(), about: 'User name of that mailbox.' },
  noticesImapPassword: { schema: text.optional(), isSecret: true, about: 'Password of that mailbox.' },
  noticesImapFolder: { schema: text.default('INBOX'), about: 'Folder in which replies arrive; every message in it is taken.' },
  noticesImapDoneFolder: { schema: text.default('Gatehouse'), about: 'Folder into which a reply is moved when it was taken. Made when it is not there.' },
  noticesMailCaFile: {
    schema: text.optional(),
    about: 'PEM file of the authority that signed the certificates of these mail servers, when it is not one that Node.js trusts.',
  },
  internationalPublic: {
    schema: flag.default(false),
    about: 'Whether everybody may read the figures about reports at /international/figures. Off until you decide to publish them.',
  },
  internationalSmallCount: {
    schema: whole(2, 1000).default(10),
    about: 'No figure about reports and notices is shown that is about fewer than this many, or from which one could be worked out.',
  },
  registerLinkChecks: {
    schema: flag.default(false),
    about:
      'Whether the public documents that the register of recommendations names as sources are asked for once a week, to show which are gone or changed. Off: nobody is called; `gatehouse register links --check` asks when you say so.',
  },
  registerPublic: {
    schema: flag.default(true),
    about: 'Whether everybody may read the register of recommendations at /register: what was published, and the newest results of the checks.',
  },
  noticesAuthority: {
    schema: text.optional(),
    about:
      'JSON file that declares in whose name and under which law notices are sent, and for which countries: body, law, countries, contactEmail, deliveryNetworks. Default: nobody; notices are drafted and handed to hotlines.',
  },
  noticesApprove: {
    schema: z.enum(['each', 'contacts']).default('each'),
    about: 'Whether a person reads each first notice to a recipient before it is sent (`each`), or approves the recipients only (`contacts`).',
  },
  noticesGroupHours: { schema: whole(0, 168).default(24), about: 'How long the first notice waits for more reports about the same host.' },
  noticesLadderFile: {
    schema: text.optional(),
    about:
      'JSON file with the working days of reminders, escalation and end, the countries whose police may be silent, and days on which nothing is sent. docs/guide/international.md has its members and what holds without it.',
  },
  noticesHomeCountry: {
    schema: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be two capital letters (ISO 3166-1)')
      .optional(),
    about: 'Country whose hotline gets what nobody can place. Default: whoever hands it over decides.',
  },
  noticesKeyFile: {
    schema: text.optional(),
    about: 'File with the keys that seal reported addresses. Default: keys/notices.key in the data directory, made at first start.',
  },
} as const satisfies Record<string, Setting>;
