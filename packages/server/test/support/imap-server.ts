/** Debian's Dovecot on loopback, as a user that is not root, with everything in one folder. Other people's code, so that ours is held against it. */
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeMailCertificate } from './mail-certificate.ts';

export interface TestImapServer {
  /** Plain with STARTTLS, and TLS from the first byte. */
  readonly port: number;
  readonly tlsPort: number;
  readonly user: string;
  readonly password: string;
  /** PEM for `mail.example.org`. */
  readonly ca: string;
  /** Puts a message into the inbox. */
  deliver(raw: string | Uint8Array): Promise<void>;
  /** Messages in a folder, oldest first. */
  list(folder: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface Account {
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

/** Dovecot runs as whoever starts it; root becomes `nobody` first. */
async function chooseAccount(): Promise<Account> {
  const { uid, gid, username } = userInfo();
  const groups = (await readFile('/etc/group', 'utf8')).split('\n').map((line) => line.split(':'));
  const groupOf = (id: number): string => groups.find(([, , number]) => Number(number) === id)?.[0] ?? String(id);
  return uid === 0 ? { name: 'nobody', group: groupOf(65_534), uid: 65_534, gid: 65_534 } : { name: username, group: groupOf(gid), uid, gid };
}

export async function startImapServer(): Promise<TestImapServer> {
  const account = await chooseAccount();
  const folder = await mkdtemp(join(tmpdir(), 'gh-imap-'));
  const { cert, certFile, keyFile } = await makeMailCertificate(folder, 'mail.example.org');
  const [port, tlsPort] = [await findPort(), await findPort()];
  const mail = join(folder, 'mail');
  await mkdir(join(mail, 'tmp'), { recursive: true });
  for (const name of ['new', 'cur']) await mkdir(join(mail, name));
  await writeFile(join(folder, 'users'), 'gatehouse:{PLAIN}pass-word::::::\n');
  await writeFile(join(folder, 'dovecot.conf'), writeConfig({ account, folder, port, tlsPort, certFile, keyFile }));
  await chmod(folder, 0o755);
  if (account.uid !== process.getuid?.()) await promisify(execFile)('chown', ['-R', `${account.uid}:${account.gid}`, folder]);
  const server = spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], {
    uid: account.uid,
    gid: account.gid,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await waitForPort(port, () => (server.exitCode === null ? undefined : said));
  let delivered = 0;
  return {
    port,
    tlsPort,
    user: 'gatehouse',
    password: 'pass-word',
    ca: cert,
    async deliver(raw) {
      const file = join(mail, 'new', `${1_700_000_000 + delivered++}.M1P1.test`);
      await writeFile(file, raw);
      if (account.uid !== process.getuid?.()) await chown(file, account.uid, account.gid);
    },
    async list(name) {
      const base = name === 'INBOX' ? mail : join(mail, `.${name}`);
      const files = (
        await Promise.all(['new', 'cur'].map(async (part) => (await readdir(join(base, part)).catch(() => [])).map((file) => join(base, part, file))))
      ).flat();
      return Promise.all(files.toSorted().map((file) => readFile(file, 'latin1')));
    },
    async close() {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface ConfigParts {
  readonly account: Account;
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly certFile: string;
  readonly keyFile: string;
}

function writeConfig({ account, folder, port, tlsPort, certFile, keyFile }: ConfigParts): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${certFile}
ssl_key = <${keyFile}
default_internal_user = ${account.name}
default_internal_group = ${account.group}
default_login_user = ${account.name}
first_valid_uid = 1
disable_plaintext_auth = no
mail_location = maildir:${folder}/mail
mail_uid = ${account.uid}
mail_gid = ${account.gid}
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${folder}/users
}
userdb {
  driver = static
  args = uid=${account.uid} gid=${account.gid} home=${folder}/mail
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
namespace inbox {
  inbox = yes
}
`;
}

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitForPort(port: number, fault: () => string | undefined): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const said = fault();
    if (said !== undefined) throw new Error(`dovecot did not start: ${said}`);
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('dovecot does not listen');
}
