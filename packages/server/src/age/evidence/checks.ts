import type { Check, CheckResult } from '../../platform/domain.ts';
import type { EvidenceService } from './service.ts';

export function checks(evidence: EvidenceService): readonly Check[] {
  return [
    { name: 'age.record', title: 'Written record of age checks', run: () => checkRecord(evidence) },
    { name: 'age.self_test', title: 'Self-test of age checks', run: () => checkSelfTest(evidence) },
  ];
}

async function checkRecord({ record }: EvidenceService): Promise<CheckResult> {
  const { isIntact, entries, fault } = await record.verify();
  if (isIntact) return { status: 'ok', finding: `${entries} entries; the chain is whole.` };
  return {
    status: 'fail',
    finding: `The written record was changed at entry ${fault?.sequence ?? '?'} (${fault?.reason ?? 'unknown'}).`,
    remedy: 'Find out who can write to the database. Compare with the last backup and with heads that were noted (`gatehouse age evidence verify`).',
  };
}

async function checkSelfTest(evidence: EvidenceService): Promise<CheckResult> {
  const last = await evidence.findSelfTest();
  if (last === undefined)
    return { status: 'ok', finding: 'This version has had no self-test yet; one is run within the hour, or with `gatehouse age evidence self-test`.' };
  if (last.isPassed) return { status: 'ok', finding: `${last.report.cases} presentations judged rightly on ${last.at}.` };
  return {
    status: 'fail',
    finding: `The verifier judged wrongly: ${last.report.faults.slice(0, 5).join('; ')}.`,
    remedy: 'Take wallets out of the methods of your services until this is mended, and report it (SECURITY.md).',
  };
}
