/** What the register itself measures: whether it is current. */
import type { Evidence } from '../../platform/evidence.ts';
import type { CatalogueService } from './schema.ts';

export function measureRegister(catalogue: CatalogueService, evidence: Evidence): void {
  evidence.measure({
    metric: 'register_code_version_current',
    method:
      'Compares the release of the catalogue in use with those that are held here. A release that was published elsewhere and never imported is not known.',
    async read() {
      const releases = await catalogue.releases();
      const { catalogue: current } = catalogue.current();
      const newest = releases[0]?.version ?? current.version;
      const rows = [{ label: 'releases held', figure: releases.length }];
      const used = `Release ${current.version} of ${current.releasedOn} is in use`;
      if (newest === current.version) return { figure: true, finding: `${used}; it is the newest that is held here.`, rows };
      const { actor, at, reason } = catalogue.choice();
      const why = `chosen by ${actor} on ${at.toISOString().slice(0, 10)}, who said why: ${reason ?? 'nothing'}`;
      return { figure: false, finding: `${used}, although ${newest} is held here: ${why}.`, rows };
    },
  });
}
