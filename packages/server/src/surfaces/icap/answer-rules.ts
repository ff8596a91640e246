/** What is answered, as text. Every answer bears the ISTag, and Encapsulated stands last: Nextcloud's reader takes no header after it. */
import type { IcapFaultCode, IcapHead, InnerHead } from './protocol-rules.ts';

export const SERVICES = ['reqmod', 'respmod', 'avscan'] as const;
export type ServiceName = (typeof SERVICES)[number];
type ModMethod = 'REQMOD' | 'RESPMOD';

/** One word for whatever was not let through: what differs would tell what a list holds. */
export const THREAT = 'Gatehouse.NotCleared';

export interface AnswerContext {
  readonly istag: string;
  readonly isLast: boolean;
}

export interface Offer {
  readonly method: ModMethod;
  readonly previewBytes: number;
  readonly maxConnections: number;
}

const PHRASES: Readonly<Record<IcapFaultCode | 200 | 204, string>> = {
  200: 'OK',
  204: 'No Modifications Needed',
  400: 'Bad Request',
  404: 'ICAP Service Not Found',
  405: 'Method Not Allowed For Service',
  408: 'Request Timeout',
  500: 'Internal Server Error',
  501: 'Method Not Implemented',
  503: 'Service Overloaded',
  505: 'ICAP Version Not Supported',
};
/** Clients ask again after so long; the ISTag of any answer tells of a change earlier. */
const OPTIONS_TTL_S = 300;

export const CONTINUE = 'ICAP/1.0 100 Continue\r\n\r\n';

/** Which methods a service has; undefined: no such service. `avscan` is the name that Nextcloud and ownCloud ask for in either mode. */
export function methodsOf(service: string): readonly ModMethod[] | undefined {
  const methods: Readonly<Record<ServiceName, readonly ModMethod[]>> = { reqmod: ['REQMOD'], respmod: ['RESPMOD'], avscan: ['REQMOD', 'RESPMOD'] };
  return isService(service) ? methods[service] : undefined;
}

function isService(name: string): name is ServiceName {
  return SERVICES.some((known) => known === name);
}

function writeHead(code: keyof typeof PHRASES, context: AnswerContext, headers: readonly string[]): string {
  const lines = [
    `ICAP/1.0 ${code} ${PHRASES[code]}`,
    `ISTag: "${context.istag}"`,
    'Server: Gatehouse',
    `Connection: ${context.isLast ? 'close' : 'keep-alive'}`,
  ];
  return `${[...lines, ...headers].join('\r\n')}\r\n\r\n`;
}

/** RFC 3507 4.10.2: one method in Methods for each address. */
export function answerOptions(context: AnswerContext, offer: Offer): string {
  return writeHead(200, context, [
    `Methods: ${offer.method}`,
    'Service: Gatehouse',
    'Service-ID: gatehouse',
    'Allow: 204',
    `Preview: ${offer.previewBytes}`,
    'Transfer-Preview: *',
    `Options-TTL: ${OPTIONS_TTL_S}`,
    `Max-Connections: ${offer.maxConnections}`,
    'Encapsulated: null-body=0',
  ]);
}

export function answerUnmodified(context: AnswerContext): string {
  return writeHead(204, context, ['Encapsulated: null-body=0']);
}

/** The head of the message sent back as it came; its body follows in chunks. */
export function answerEcho(context: AnswerContext, echoed: { readonly head: IcapHead; readonly inner: ReadonlyMap<string, InnerHead> }): Buffer {
  const name = echoed.head.method === 'REQMOD' ? 'req-hdr' : 'res-hdr';
  const bytes = echoed.inner.get(name)?.bytes ?? Buffer.alloc(0);
  const body = echoed.head.sections.at(-1)?.name ?? 'null-body';
  const encapsulated = bytes.length === 0 ? `${body}=0` : `${name}=0, ${body}=${bytes.length}`;
  return Buffer.concat([Buffer.from(writeHead(200, context, [`Encapsulated: ${encapsulated}`])), bytes]);
}

/** Not let through: an HTTP answer with a neutral page in the place of the message, and the headers by which virus scanners say so. */
export function answerBlocked(context: AnswerContext, message: string): string {
  const page = `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Not published</title></head><body><p>${escapeHtml(message)}</p></body></html>\n`;
  const length = Buffer.byteLength(page);
  const http = [
    'HTTP/1.1 403 Forbidden',
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${length}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  const inner = `${http.join('\r\n')}\r\n\r\n`;
  const head = writeHead(200, context, [
    `X-Infection-Found: Type=0; Resolution=2; Threat=${THREAT};`,
    `X-Virus-ID: ${THREAT}`,
    // As c-icap writes it: the count, then on folded lines the name of the file, the threat, its number and what was done.
    `X-Violations-Found: 1\r\n\t-\r\n\t${THREAT}\r\n\t0\r\n\t2`,
    `Encapsulated: res-hdr=0, res-body=${Buffer.byteLength(inner)}`,
  ]);
  return `${head}${inner}${length.toString(16)}\r\n${page}\r\n0\r\n\r\n`;
}

/** @param errorCode what Nextcloud reads from `X-Error-Code`: that the content, not the service, is the reason */
export function answerFault(context: AnswerContext, code: IcapFaultCode, errorCode?: 'decode_error'): string {
  return writeHead(code, context, [...(errorCode === undefined ? [] : [`X-Error-Code: ${errorCode}`]), 'Encapsulated: null-body=0']);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
