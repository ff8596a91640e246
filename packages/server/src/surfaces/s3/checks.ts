/** What `gatehouse doctor` says about the store. */
import type { Check, CheckResult } from '../../platform/domain.ts';
import type { S3Review } from './schema.ts';
import type { S3Service } from './service.ts';

const ORDER = ['fail', 'attention', 'ok'] as const;

export function checks(service: S3Service): readonly Check[] {
  if (!service.isOn) return [];
  return [{ name: 's3.store', title: 'The store (S3)', run: async () => summarise(await service.review()) }];
}

/** The worst findings, with all their remedies. */
function summarise({ items }: S3Review): CheckResult {
  const status = ORDER.find((one) => items.some((item) => item.status === one)) ?? 'ok';
  if (status === 'ok') return { status, finding: 'Both buckets answer, versions are kept, strangers get nothing, no object waits for another attempt.' };
  const worst = items.filter((item) => item.status === status);
  const remedies = [...new Set(worst.map(({ remedy }) => remedy).filter((remedy) => remedy !== undefined))];
  return { status, finding: worst.map(({ finding }) => finding).join(' '), remedy: remedies.join(' ') };
}
