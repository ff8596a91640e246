/** S3: content waits in a quarantine bucket and is promoted when it was cleared. See README.md. */
import { defineRoom, type SurfaceParts } from '../room.ts';

export interface S3Service {
  readonly name: 's3';
}

export const s3Room = defineRoom<S3Service>({
  async create(_parts: SurfaceParts) {
    return { service: { name: 's3' } };
  },
});
