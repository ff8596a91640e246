/** What `gatehouse doctor` and the health page look at besides the domains: disk, database, clock, Node. */
import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import type { AppContext } from './context.ts';
import type { Check, CheckResult } from './domain.ts';

const GIB = 1024 ** 3;
const FREE_FAIL_BYTES = 256 * 1024 ** 2;
const FREE_ATTENTION_BYTES = 2 * GIB;
const SKEW_ATTENTION_MS = 5_000;
/** The oldest line that its maintainers still mend; older ones run, but without fixes. */
const NODE_MAINTAINED = 22;

export interface CheckOutcome extends CheckResult {
  readonly name: string;
  readonly title: string;
  readonly isReadiness: boolean;
}

export function createPlatformChecks(context: AppContext): readonly Check[] {
  return [
    { name: 'platform.disk', title: 'Disk of the data directory', isReadiness: true, run: () => checkDisk(context.config.dataDir) },
    { name: 'platform.database', title: 'Database', isReadiness: true, run: () => checkDatabase(context) },
    { name: 'platform.clock', title: 'Clock', run: () => checkClock(context) },
    { name: 'platform.node', title: 'Node.js', run: async () => checkNode(process.versions.node) },
  ];
}

/** Runs every check; one that throws has failed. */
export function runChecks(checks: readonly Check[]): Promise<CheckOutcome[]> {
  return Promise.all(
    checks.map(async (check) => ({ name: check.name, title: check.title, isReadiness: check.isReadiness === true, ...(await runOne(check)) })),
  );
}

async function runOne(check: Check): Promise<CheckResult> {
  try {
    return await check.run();
  } catch (error) {
    return {
      status: 'fail',
      finding: `The check itself failed: ${error instanceof Error ? error.message : 'unknown fault'}`,
      remedy: 'See the log of the server for the time of this check.',
    };
  }
}

async function checkDisk(dataDir: string): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  const finding = `${(freeBytes / GIB).toFixed(1)} GiB free for ${dataDir}`;
  if (freeBytes >= FREE_ATTENTION_BYTES) return { status: 'ok', finding };
  return {
    status: freeBytes < FREE_FAIL_BYTES ? 'fail' : 'attention',
    finding,
    remedy: 'Free space on this file system, or move the data directory (GATEHOUSE_DATA_DIR). What was acknowledged is kept.',
  };
}

async function checkDatabase({ database }: AppContext): Promise<CheckResult> {
  try {
    const { rows } = await sql<{
      version: string;
      fsync: string;
    }>`select current_setting('server_version') as version, current_setting('fsync') as fsync`.execute(database.sql);
    const [row] = rows;
    if (row?.fsync !== 'on')
      return {
        status: 'fail',
        finding: `PostgreSQL ${row?.version ?? '?'} runs with fsync off: acknowledged uploads could be lost at a power cut.`,
        remedy: 'Set fsync = on in postgresql.conf and restart PostgreSQL.',
      };
    return { status: 'ok', finding: `PostgreSQL ${row.version} answers; fsync is on` };
  } catch {
    return {
      status: 'fail',
      finding: 'The database does not answer. Uploads are refused until it does; nothing is released.',
      remedy: 'Embedded: free disk space and see pg.log in the data directory. External: check GATEHOUSE_DATABASE_URL and the server.',
    };
  }
}

async function checkClock({ database, clock }: AppContext): Promise<CheckResult> {
  const before = clock.now().getTime();
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(database.sql);
  const middle = (before + clock.now().getTime()) / 2;
  const skewMs = Math.abs((rows[0]?.now.getTime() ?? 0) - middle);
  const finding = `differs from the database's clock by ${Math.round(skewMs)} ms`;
  if (skewMs < SKEW_ATTENTION_MS) return { status: 'ok', finding };
  return { status: 'attention', finding, remedy: 'Run a time service (chrony, systemd-timesyncd) on both machines: receipts and callbacks carry times.' };
}

export function checkNode(version: string): CheckResult {
  const major = Number(version.split('.')[0]);
  if (major >= NODE_MAINTAINED) return { status: 'ok', finding: `Node.js ${version}` };
  return {
    status: 'attention',
    finding: `Node.js ${version} works, but its maintainers no longer mend it`,
    remedy: 'Move to the newest long-term release of Node.js.',
  };
}
