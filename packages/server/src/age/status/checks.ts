import type { Check, CheckResult } from '../../platform/domain.ts';
import type { StatusListView, StatusService } from './schema.ts';

export function checks(service: StatusService): readonly Check[] {
  return [{ name: 'age.status', title: 'Status lists of age checks', run: () => checkLists(service) }];
}

async function checkLists(service: StatusService): Promise<CheckResult> {
  const [lists, seen] = [await service.list(), await service.seen()];
  const nameAll = (state: StatusListView['state']): string =>
    lists
      .filter((one) => one.state === state)
      .map(({ uri, failure, fetchedAt }) => `${uri} (last fetched ${fetchedAt ?? 'never'}${failure === null ? '' : `, ${failure}`})`)
      .join(', ');
  const remedy = 'See `gatehouse age status list` for the failure, mend the way to the issuer or tell the issuer, then run `gatehouse age status refresh`.';
  const refused = [nameAll('stale'), nameAll('missing')].filter((names) => names !== '').join(', ');
  if (refused !== '')
    return { status: 'fail', finding: `Credentials of these lists are refused, because their lists are not at hand or too old: ${refused}.`, remedy };
  const late = nameAll('late');
  if (late !== '') return { status: 'attention', finding: `Still believed, but not for long: ${late}.`, remedy };
  if (seen.lists.length + seen.others > 0)
    return {
      status: 'attention',
      finding: 'Presentations were refused since this node was started, because their status list is not registered.',
      remedy: 'See `gatehouse age status list` and register the lists of the issuers that you trust with `gatehouse age status add`.',
    };
  return {
    status: 'ok',
    finding: lists.length === 0 ? 'No status list is registered: credentials that name one are refused.' : `${lists.length} lists, all fresh.`,
  };
}
