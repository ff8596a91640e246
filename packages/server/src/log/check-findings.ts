/** What `gatehouse doctor` says about the checks of the log: their last results, which are kept. */
import type { CheckResult } from '../platform/domain.ts';
import type { SourceReport } from './checks-schema.ts';
import type { LogService } from './service.ts';

/** It is done every night. */
const LATE_MS = 3 * 86_400_000;

export async function checkTree({ checks }: LogService, now: Date): Promise<CheckResult> {
  const last = await checks.tree.last();
  // A new installation is as healthy as an old one.
  if (last === null) return { status: 'ok', finding: 'The tree was not checked as a whole yet; it is done every night.' };
  const at = last.at.toISOString();
  if (!last.isOk)
    return {
      status: 'fail',
      finding: `${last.fault ?? 'A fault.'} (${at})`,
      remedy:
        'Entries or hashes were changed in the database, or a disk failed. Keep a copy of it, find out why, and see "When it fails" in docs/guide/log.md.',
    };
  const finding = `All of ${last.entries} entries are as they were hashed (${at}).`;
  return isLate(last.at, now)
    ? { status: 'attention', finding, remedy: 'The check is late. See the log lines of the job log.check.' }
    : { status: 'ok', finding };
}

export async function checkCompleteness({ checks }: LogService, now: Date): Promise<CheckResult> {
  const last = await checks.completeness.last();
  if (last === null) return { status: 'ok', finding: 'The log was not compared with the tables yet; it is done every night.' };
  if (!last.isComplete)
    return {
      status: 'fail',
      finding: `${last.sources.flatMap(describeGap).join('; ')} (${last.at}).`,
      remedy: 'Rows or entries were removed behind the back of Gatehouse. `gatehouse log verify --completeness` compares again and names them.',
    };
  const rows = last.sources.reduce((sum, source) => sum + source.rows, 0);
  const finding = `${rows} entries are asked for by the tables, and all are there (${last.at}).`;
  return isLate(new Date(last.at), now)
    ? { status: 'attention', finding, remedy: 'The comparison is late. See the log lines of the job log.check.' }
    : { status: 'ok', finding };
}

function describeGap({ title, missing, surplus }: SourceReport): string[] {
  return [
    ...(missing.count > 0 ? [`${title}: ${missing.count} without an entry`] : []),
    ...(surplus.count > 0 ? [`${title}: ${surplus.count} entries without a row`] : []),
  ];
}

function isLate(at: Date, now: Date): boolean {
  return now.getTime() - at.getTime() > LATE_MS;
}
