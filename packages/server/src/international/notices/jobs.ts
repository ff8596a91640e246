import type { JobDefinition } from '../../platform/jobs.ts';
import type { NoticesService } from './schema.ts';

export function jobs(notices: NoticesService): readonly JobDefinition[] {
  return [
    {
      name: 'international.advance',
      cron: '* * * * *',
      async run(_data, signal) {
        await notices.advance(signal);
      },
    },
    { name: 'international.replies', cron: '* * * * *', run: (_data, signal) => notices.poll(signal) },
  ];
}
