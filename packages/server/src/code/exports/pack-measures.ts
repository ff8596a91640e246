/** What a pack says about each measure, with what stands behind it: measured, attested by name, judged, or nothing. */
import { listMember, member, readJson, textMember, type PackFiles } from './pack-files.ts';
import { PACK } from './pack-name-rules.ts';
import type { PackMeasure } from './schema.ts';

export function readMeasures(files: PackFiles): PackMeasure[] {
  const titles = readTitles(readJson(files, PACK.catalogue));
  return listMember(readJson(files, PACK.evaluation), 'measures').map((measure) => {
    const control = textMember(measure, 'control');
    const items = listMember(measure, 'items').map(toGround);
    const count = (ground: Ground): number => items.filter((one) => one === ground).length;
    return {
      control,
      title: titles.get(control) ?? control,
      outcome: textMember(measure, 'outcome'),
      state: textMember(measure, 'state'),
      measured: count('measured'),
      attested: count('attested'),
      judged: count('judged'),
      notEvaluated: count('nothing'),
    };
  });
}

type Ground = 'measured' | 'attested' | 'judged' | 'nothing';

/** What was not evaluated has nothing behind it, whatever it was meant to be. */
function toGround(item: unknown): Ground {
  if (textMember(item, 'state') === 'not_evaluated') return 'nothing';
  const attestation = member(item, 'attestation');
  if (attestation !== null && attestation !== undefined) return 'attested';
  return textMember(item, 'mode') === 'measured' ? 'measured' : 'judged';
}

function readTitles(catalogue: unknown): Map<string, string> {
  const controls = listMember(catalogue, 'groups').flatMap((group) => listMember(group, 'controls'));
  return new Map(controls.map((control) => [textMember(control, 'id'), textMember(control, 'title')]));
}
