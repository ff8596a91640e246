/** Every way in of this node: whether it is open, where, and what came over it. */
import { z } from 'zod';
import { VERDICTS } from '../../screening/index.ts';

export const SurfaceStateSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    isOn: z.boolean(),
    addresses: z.array(z.string()).describe('Where it listens or answers; paths are of this server.'),
    howTo: z.string().describe('What switches it on, or what it still needs.'),
    guide: z.string().describe('Its page in docs/guide.'),
    counts: z
      .record(z.enum(VERDICTS), z.number().int())
      .optional()
      .describe('Asked since the start of this node, by verdict; absent where uploads are counted as uploads.'),
  })
  .meta({ id: 'SurfaceState' });
export type SurfaceState = z.output<typeof SurfaceStateSchema>;

export const SurfaceListSchema = z.object({ items: z.array(SurfaceStateSchema) }).meta({ id: 'SurfaceList' });
