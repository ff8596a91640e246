/** Resumable uploads (tus 1.0). See README.md. */
import { defineRoom, type SurfaceParts } from '../room.ts';

export interface TusService {
  readonly name: 'tus';
}

export const tusRoom = defineRoom<TusService>({
  async create(_parts: SurfaceParts) {
    return { service: { name: 'tus' } };
  },
});
