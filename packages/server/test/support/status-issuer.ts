/** A simulated issuer of status lists on loopback, which can be made to serve anything. */
import { createSign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateSync } from 'node:zlib';
import { encodeCbor, Tagged, type CborValue } from '@gatehouse/credential';
import { signJws, type Issued } from '@gatehouse/credential/simulator';

export interface StatusClaims {
  readonly uri: string;
  readonly now: Date;
  /** Indices that are not valid. */
  readonly revoked?: readonly number[];
  readonly suspended?: readonly number[];
  readonly entries?: number;
  readonly ttlS?: number;
  /** Seconds from now; absent: none. */
  readonly lifeS?: number | undefined;
  readonly issuedBeforeS?: number;
  readonly typ?: string;
  /** In place of the compressed list. */
  readonly compressed?: Uint8Array;
}

/** Two bits for each entry. */
function pack({ revoked = [], suspended = [], entries = 1024 }: StatusClaims): Uint8Array {
  const bytes = Buffer.alloc(entries / 4);
  for (const index of revoked) bytes[index >> 2] = (bytes[index >> 2] ?? 0) | (1 << ((index % 4) * 2));
  for (const index of suspended) bytes[index >> 2] = (bytes[index >> 2] ?? 0) | (2 << ((index % 4) * 2));
  return deflateSync(bytes);
}

const timesOf = ({ now, ttlS = 600, lifeS = 86_400, issuedBeforeS = 0 }: StatusClaims): { iat: number; exp: number | undefined; ttl: number } => {
  const iat = Math.floor(now.getTime() / 1000) - issuedBeforeS;
  return { iat, exp: lifeS === Number.POSITIVE_INFINITY ? undefined : iat + lifeS, ttl: ttlS };
};

export function signStatusJwt(claims: StatusClaims, signer: Issued, key = signer.key.privateKey): string {
  const { iat, exp, ttl } = timesOf(claims);
  const lst = Buffer.from(claims.compressed ?? pack(claims)).toString('base64url');
  const header = { alg: 'ES256', typ: claims.typ ?? 'statuslist+jwt', x5c: [Buffer.from(signer.certificate).toString('base64')] };
  return signJws(header, { sub: claims.uri, iat, ...(exp === undefined ? {} : { exp }), ttl, status_list: { bits: 2, lst } }, key);
}

export function signStatusCwt(claims: StatusClaims, signer: Issued): Uint8Array {
  const { iat, exp = iat, ttl } = timesOf(claims);
  const list = new Map<string, CborValue>([
    ['bits', 2],
    ['lst', claims.compressed ?? pack(claims)],
  ]);
  const payload = encodeCbor(
    new Map<number, CborValue>([
      [2, claims.uri],
      [4, exp],
      [6, iat],
      [65_533, list],
      [65_534, ttl],
    ]),
  );
  const protectedBytes = encodeCbor(
    new Map<number, CborValue>([
      [1, -7],
      [16, claims.typ ?? 'application/statuslist+cwt'],
    ]),
  );
  const data = encodeCbor(['Signature1', protectedBytes, new Uint8Array(0), payload]);
  const signature = createSign('sha256').update(data).sign({ key: signer.key.privateKey, dsaEncoding: 'ieee-p1363' });
  return encodeCbor(new Tagged(18, [protectedBytes, new Map([[33, signer.certificate]]), payload, signature]));
}

type Respond = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

export interface StatusIssuer {
  /** http://127.0.0.1:<port> */
  readonly url: string;
  readonly host: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Connections that were made. */
  readonly connections: () => number;
  respond(answer: Respond): void;
  /** A list with its content type. */
  serve(token: string | Uint8Array, contentType?: string): void;
  close(): Promise<void>;
}

export async function startStatusIssuer(): Promise<StatusIssuer> {
  const asked: string[] = [];
  let connections = 0;
  let respond: Respond = (_incoming, outgoing) => outgoing.writeHead(404).end();
  const server = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? '');
    respond(incoming, outgoing);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    asked,
    connections: () => connections,
    respond: (answer) => void (respond = answer),
    serve(token, contentType = typeof token === 'string' ? 'application/statuslist+jwt' : 'application/statuslist+cwt') {
      respond = (_incoming, outgoing) => outgoing.writeHead(200, { 'content-type': contentType }).end(token);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
