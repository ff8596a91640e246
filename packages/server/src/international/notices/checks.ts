/** What `gatehouse doctor` and the health page say about notices. */
import type { Check, CheckResult } from '../../platform/domain.ts';
import type { NoticesService, Wait } from './schema.ts';

const WORDS: Readonly<Record<Wait, string>> = {
  trace: 'cannot go on, because they cannot be traced or opened,',
  draft: 'have a draft to read',
  police: 'wait for the police',
  contact: 'wait for the approval of a contact',
  reply: 'have a reply to read',
  unknown: 'have a notice of which nobody knows whether it was sent',
  hand: 'have a sheet to hand over',
};

export function checks(notices: Pick<NoticesService, 'countWaiting'>): readonly Check[] {
  return [{ name: 'international.notices', title: 'No report waits for a person', run: () => checkWaiting(notices) }];
}

async function checkWaiting(notices: Pick<NoticesService, 'countWaiting'>): Promise<CheckResult> {
  const waiting = Object.entries(await notices.countWaiting());
  const total = waiting.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return { status: 'ok', finding: 'None of the open reports waits for a person.' };
  const parts = waiting.map(([wait, count]) => `${count} ${WORDS[wait as Wait]}`);
  const finding = `Of the open reports ${parts.join(', ')}.`;
  return { status: 'attention', finding, remedy: 'See /console/international/notices?waits=any, or `gatehouse notice list --waits any`.' };
}
