/** Which user PostgreSQL runs as, and what that user can reach. */
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { ALTERNATIVES, EmbeddedPostgresError, readErrorCode } from './embedded-errors.ts';
import { runCommand, type Account } from './embedded-process.ts';

/** In the order of preference; `nobody` exists nearly everywhere. */
const ACCOUNT_NAMES = ['postgres', '_postgres', 'nobody'] as const;

/**
 * The account to drop to, or undefined when we are not root and PostgreSQL runs as ourselves.
 * An existing cluster decides: it is served by its owner, so a `sudo` start after a normal one works.
 */
export async function chooseAccount(clusterDir: string | undefined): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) {
    readOwnUserName();
    return undefined;
  }
  const accounts = await readAccounts();
  const owner = clusterDir === undefined ? undefined : await stat(clusterDir).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) {
    return accounts.find((account) => account.uid === owner.uid) ?? { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  }
  for (const name of ACCOUNT_NAMES) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new EmbeddedPostgresError(
    'permission',
    'Started as root, and there is neither a user `postgres` nor a user `nobody` to run PostgreSQL as (it refuses to run as root). ' +
      `Nothing was changed. Start as an ordinary user, or create a user named postgres. ${ALTERNATIVES}`,
  );
}

/** The name under which peer authentication knows the gateway (pg_ident). */
export function readOwnUserName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // initdb asks getpwuid() for the name and gives up without one: typical for a container with an arbitrary uid.
    throw new EmbeddedPostgresError(
      'permission',
      `The user id ${process.getuid?.() ?? '?'} has no entry in /etc/passwd, and PostgreSQL does not start without one. ` +
        `Nothing was changed. Add an entry, or start as a user that has one. ${ALTERNATIVES}`,
      { cause: error },
    );
  }
}

/** Whether `account` can enter `dir`. Asked of the kernel, because mode bits alone miss ACLs and mount options. */
export async function canEnter(dir: string, account: Account | undefined): Promise<boolean> {
  try {
    const { exitCode } = await runCommand('/bin/sh', ['-c', 'cd -- "$1"', 'sh', dir], { account });
    return exitCode === 0;
  } catch (error) {
    if (readErrorCode(error) === 'EPERM') throw createNoSetuidError(account, error);
    throw error;
  }
}

function createNoSetuidError(account: Account | undefined, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'permission',
    `Started as root, but without the right to become ${account?.name ?? 'another user'} (CAP_SETUID and CAP_SETGID), and PostgreSQL ` +
      `refuses to run as root. Nothing was changed. Start as an ordinary user, or grant those capabilities. ${ALTERNATIVES}`,
    { cause },
  );
}

async function readAccounts(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || uid === undefined || gid === undefined || line.startsWith('#')) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
