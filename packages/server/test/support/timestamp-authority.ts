/** A time-stamping authority of `openssl ts`, with certificates made by openssl, behind a small HTTP server on loopback. Other people's code, so that ours is held against it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { integer, sequence } from '../../src/platform/der.ts';

const run = promisify(execFile);
export const openssl = (cwd: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }> => run('openssl', args, { cwd });

export interface TestAuthority {
  readonly folder: string;
  /** PEM of the root, and of a root that is somebody else's. */
  readonly caFile: string;
  readonly otherCaFile: string;
  readonly url: string;
  /** What it does to the answers from now on. */
  set(behaviour: Behaviour): void;
  /** Signs a query; `openssl ts` does so only with certificates that are meant for it. */
  reply(query: Uint8Array, signer?: Signer, section?: 'stamp' | 'older'): Promise<Buffer>;
  /** Signs any TSTInfo, as somebody could who has the key. */
  forge(info: Uint8Array, options: { readonly signer: Signer; readonly isNamed?: boolean }): Promise<Buffer>;
  close(): Promise<void>;
}

export type Signer = 'tsa' | 'ec' | 'plain' | 'uncritical';
/** May change the query before it is signed, and the answer afterwards. */
export interface Behaviour {
  readonly signer?: Signer;
  readonly status?: number;
  query?(query: Buffer): Buffer;
  answer?(response: Buffer): Buffer;
}

const CONFIG = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[middle]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[uncritical]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = timeStamping
[plain]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
[stamp]
serial = serial
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256, sha512
accuracy = secs:1
signer_digest = sha256
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[older]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha512
ess_cert_id_chain = yes
ess_cert_id_alg = sha1
`;

export async function startTestAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-tsa-'));
  await writeFile(join(folder, 'ts.cnf'), CONFIG);
  await writeFile(join(folder, 'serial'), '01\n');
  await makeCertificates(folder);
  let behaviour: Behaviour = {};
  let turn: Promise<unknown> = Promise.resolve();
  const reply: TestAuthority['reply'] = (query, signer = 'tsa', section = 'stamp') => {
    const next = turn.then(() => sign(folder, { query, signer, section }));
    turn = next.catch(() => undefined);
    return next;
  };
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const query = Buffer.concat(chunks);
      const signed = await reply(behaviour.query?.(query) ?? query, behaviour.signer);
      outgoing.writeHead(behaviour.status ?? 200, { 'content-type': 'application/timestamp-reply' }).end(behaviour.answer?.(signed) ?? signed);
    })().catch(() => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(500).end()));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    folder,
    caFile: join(folder, 'root.pem'),
    otherCaFile: join(folder, 'stranger.pem'),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/stamp`,
    forge: (info, { signer, isNamed = true }) => forge(folder, { info, signer, isNamed }),
    set: (next) => void (behaviour = next),
    reply,
    async close() {
      await new Promise((resolve) => void server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sign(folder: string, { query, signer, section }: { query: Uint8Array; signer: Signer; section: string }): Promise<Buffer> {
  await writeFile(join(folder, 'query.tsq'), query);
  const files = ['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, '-chain', 'middle.pem'];
  await openssl(folder, 'ts', '-reply', '-config', 'ts.cnf', '-section', section, '-queryfile', 'query.tsq', ...files, '-out', 'response.tsr');
  return readFile(join(folder, 'response.tsr'));
}

async function forge(folder: string, { info, signer, isNamed }: { info: Uint8Array; signer: Signer; isNamed: boolean }): Promise<Buffer> {
  await writeFile(join(folder, 'info.der'), info);
  const how = ['-binary', '-nodetach', '-econtent_type', 'id-smime-ct-TSTInfo', '-md', 'sha256', ...(isNamed ? ['-cades'] : [])];
  const who = ['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, '-certfile', 'middle.pem'];
  await openssl(folder, 'cms', '-sign', ...how, ...who, '-in', 'info.der', '-outform', 'DER', '-out', 'token.der');
  return sequence(sequence(integer(Uint8Array.of(0))), await readFile(join(folder, 'token.der')));
}

async function makeCertificates(folder: string): Promise<void> {
  const rsa = ['-newkey', 'rsa:2048', '-noenc'];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const make = async (name: string, options: { section: string; by?: string; key?: string[]; days?: string }): Promise<void> => {
    const { section, by, key = rsa, days = '30' } = options;
    const issuer = by === undefined ? [] : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`];
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    await openssl(
      folder,
      'req',
      '-x509',
      '-config',
      'ts.cnf',
      '-extensions',
      section,
      '-subj',
      `/O=Test/CN=${name}`,
      '-days',
      days,
      ...key,
      ...issuer,
      ...files,
    );
  };
  await make('root', { section: 'ca' });
  await make('stranger', { section: 'ca' });
  await make('middle', { section: 'middle', by: 'root' });
  await make('tsa', { section: 'tsa', by: 'middle' });
  await make('ec', { section: 'tsa', by: 'middle', key: ec });
  await make('plain', { section: 'plain', by: 'middle' });
  await make('uncritical', { section: 'uncritical', by: 'middle' });
}
