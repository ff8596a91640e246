/**
 * What age checks measure for the domain `code`. Reports of suppliers about accuracy and fairness are not read here: nobody but a person can say that one
 * was accepted, and what this room finds about gaps is about who gets an answer, not about wrong refusals.
 */
import type { AppContext } from '../../platform/context.ts';
import type { EvidenceReading, EvidenceWindow } from '../../platform/evidence.ts';
import type { EvidenceService } from './service.ts';
import { readChallengeMargin, readDataMinimal, readGateCoverage, readRecognised, readSelfDeclared } from './source-rules.ts';

export function measureAge(service: Pick<EvidenceService, 'gather' | 'countIn'>, { evidence, config }: AppContext): void {
  const k = config.ageEvidenceMinCount;
  const measure = (metric: string, method: string, read: (window: EvidenceWindow) => Promise<EvidenceReading>): void =>
    evidence.measure({ metric, method, read });
  measure(
    'age_gate_coverage_ratio',
    'Of the requests that the gate for reverse proxies let through, by day, those with a pass from an age check that holds now.',
    async (window) => readGateCoverage((await service.countIn(window)).tallies, { k }),
  );
  measure('age_selfdeclared_accept_total', 'Age checks that ended with yes because the person, or an app for the person, said so.', async (window) =>
    readSelfDeclared((await service.countIn(window)).cells, { k }),
  );
  measure(
    'age_method_recognised_ratio',
    'Of the age checks that ended with yes, those by a way of the kinds that the guidance on highly effective age assurance names. Whether a supplier does it well is not measured.',
    async (window) => readRecognised((await service.countIn(window)).cells, { k, providers: (await service.gather()).providers }),
  );
  measure(
    'age_challenge_margin_years',
    'Challenge age, as derived from declared errors, minus threshold; the smallest of all estimators of faces that are offered.',
    async () => readChallengeMargin(await service.gather()),
  );
  measure('age_data_minimal_ok', 'Names of all columns of the tables of age checks, compared with words for birth dates, documents and faces.', async () =>
    readDataMinimal((await service.countIn({ from: new Date(0), to: new Date(0) })).columns),
  );
}
