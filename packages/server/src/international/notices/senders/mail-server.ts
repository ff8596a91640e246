/** Where a mail server is, and how it may be spoken to; the same for sending and for the mailbox. */
import { readFile } from 'node:fs/promises';
import { isLoopback } from '../../../platform/config.ts';
import type { Outbound } from '../../../platform/outbound.ts';

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS. */
  readonly isImplicitTls: boolean;
}

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465, 'imap:': 143, 'imaps:': 993 };

/** @param url as the settings accept it: a scheme of mail, host, port */
export function readMailServer(url: string): MailServer {
  // The URL standard knows no authority of these schemes that it would check: read as https, host and port are checked.
  const scheme = /^([a-z]+:)\/\//.exec(url)?.[1] ?? '';
  const { hostname, port } = new URL(url.replace(/^[a-z]+:/, 'https:'));
  const isDefaultOfHttps = port === '' && /:443\/?$/.test(url);
  return { host: hostname, port: port === '' ? (isDefaultOfHttps ? 443 : (PORTS[scheme] ?? 0)) : Number(port), isImplicitTls: scheme.endsWith('s:') };
}

export interface MailRoute {
  readonly address: string;
  /** For the certificate: the name that was configured, never the address that it led to. */
  readonly servername: string;
  /**
   * `always`: TLS or nothing. `offered`: one of the operator's own hosts; TLS when it offers it. `none`: this machine.
   * A password travels only where this is not `offered`, or where TLS came about.
   */
  readonly tls: 'always' | 'offered' | 'none';
}

/** @throws {GatehouseError} `outbound_refused`; an error of the resolver */
export async function findRoute({ host, port, isImplicitTls }: MailServer, outbound: Outbound): Promise<MailRoute> {
  const { address, isAllowed } = await outbound.resolveHost(host, port);
  const servername = host.replace(/^\[|\]$/g, '');
  if (isImplicitTls || !isAllowed) return { address, servername, tls: 'always' };
  return { address, servername, tls: isLoopback(address) ? 'none' : 'offered' };
}

/** PEM of the authority above the certificates of mail servers. */
export async function readAuthority(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, 'utf8');
}
