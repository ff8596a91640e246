import type { AppContext } from '../platform/context.ts';
import type { JobDefinition } from '../platform/jobs.ts';
import type { LogService } from './service.ts';

const CHECK_JOB = 'log.check';
/** Of one run, some ten seconds of work; the job then puts itself at the end of the queue. */
const ENTRIES_PER_RUN = 1_000_000;

export function checkJobs({ checks }: LogService, { jobs }: Pick<AppContext, 'jobs'>): readonly JobDefinition[] {
  return [
    {
      name: CHECK_JOB,
      cron: '23 2 * * *',
      async run(_data, signal) {
        const { result } = await checks.tree.run({ entries: ENTRIES_PER_RUN, signal });
        if (result !== null) await checks.completeness.run();
        // Where it came is kept: after a stop the next night goes on from there.
        else if (!signal.aborted) await jobs.enqueue(CHECK_JOB, {});
      },
    },
  ];
}
