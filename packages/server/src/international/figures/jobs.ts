import type { JobDefinition } from '../../platform/jobs.ts';
import type { FiguresService } from './schema.ts';

export function jobs(figures: FiguresService): readonly JobDefinition[] {
  // Each day: a month is over once, and statements about shares may come at any time.
  return [{ name: 'international.displacement', cron: '41 3 * * *', run: async () => void (await figures.findDisplacements('system')) }];
}
