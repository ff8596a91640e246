import type { JobDefinition } from '../platform/jobs.ts';
import type { Outside } from './outside.ts';

export function witnessJobs({ cosigners, stamps }: Outside): readonly JobDefinition[] {
  return [
    { name: 'log.cosign', cron: '* * * * *', run: (_data, signal) => cosigners.askDue(signal) },
    // Once a day; asked every hour, so that a day on which the authority was away is made up for.
    { name: 'log.stamp', cron: '23 * * * *', run: (_data, signal) => stamps.stampDue(signal) },
  ];
}
