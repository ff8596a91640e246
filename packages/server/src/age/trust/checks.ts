import type { AppContext, Check } from '../../platform/domain.ts';
import type { TrustService } from './service.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 30 * DAY_MS;

/** Lists that are past their next update, and issuers whose certificates end soon. */
export function checks(trust: TrustService, { clock }: Pick<AppContext, 'clock'>): readonly Check[] {
  return [
    {
      name: 'age.trust',
      title: 'Trust lists of age checks',
      async run() {
        const now = clock.now().getTime();
        const lists = await trust.listLists();
        if (lists.length === 0) return { status: 'ok', finding: 'No trust list is imported: no wallet is believed.' };
        const late = lists.filter(({ nextUpdate }) => nextUpdate !== null && Date.parse(nextUpdate) < now).map(({ name }) => name);
        const remedy = 'Import the newest edition with `gatehouse age trust import`.';
        if (late.length > 0) return { status: 'attention', finding: `Past their next update: ${late.join(', ')}.`, remedy };
        const ending = (await trust.listAnchors()).filter(({ validTo, mutedAt }) => mutedAt === null && Date.parse(validTo) < now + SOON_MS).length;
        if (ending > 0) return { status: 'attention', finding: `${ending} issuers have a certificate that ends within 30 days.`, remedy };
        return { status: 'ok', finding: `${lists.length} lists, none past its next update.` };
      },
    },
  ];
}
