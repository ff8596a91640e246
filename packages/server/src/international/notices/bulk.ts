/** The same for many reports: what one refuses does not keep the others from it. */
import { isGatehouseError } from '../../platform/errors.ts';
import type { Bulk, BulkResult } from './route-schema.ts';
import type { NoticesService } from './schema.ts';

export async function runBulk(notices: NoticesService, { ids, action, outcome }: Bulk, actor: string): Promise<BulkResult> {
  const result: BulkResult = { done: [], refused: [] };
  for (const id of new Set(ids)) {
    try {
      if (action === 'close') await notices.close(id, outcome ?? 'withdrawn', actor);
      else if (action === 'draft') await notices.draft(id, actor);
      else if (action === 'police_agreed') await notices.policeAgreed(id, actor);
      else await approveDrafts(notices, id, actor);
      result.done.push(id);
    } catch (error) {
      if (!isGatehouseError(error, 'conflict') && !isGatehouseError(error, 'not_found')) throw error;
      result.refused.push({ id, reason: error.message });
    }
  }
  return result;
}

async function approveDrafts(notices: NoticesService, id: string, actor: string): Promise<void> {
  for (const { id: noticeId, state } of (await notices.find(id)).notices) if (state === 'draft') await notices.approve(noticeId, actor);
}
