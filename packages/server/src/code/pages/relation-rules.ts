/** The way from a measure up to the recommendation, and what stands under it. */
import type { Catalogue, Control } from '../catalogue/schema.ts';

export interface Relations {
  /** Ways up, each from the nearest to the recommendation; at most eight. */
  readonly up: readonly (readonly Control[])[];
  /** Whose `up` names it. */
  readonly down: readonly Control[];
  readonly related: readonly Control[];
}

const WAYS_MAX = 8;
/** A circle is refused when a catalogue is read; this only bounds the walk. */
const DEPTH_MAX = 8;

export function relate(catalogue: Catalogue, id: string): Relations {
  const all = catalogue.groups.flatMap(({ controls }) => controls);
  const byId = new Map(all.map((control) => [control.id, control]));
  const walk = (control: Control, depth: number): Control[][] => {
    if (depth >= DEPTH_MAX) return [[]];
    const above = control.up.flatMap((name) => byId.get(name) ?? []);
    return above.length === 0 ? [[]] : above.flatMap((next) => walk(next, depth + 1).map((way) => [next, ...way]));
  };
  const self = byId.get(id);
  return {
    up:
      self === undefined
        ? []
        : walk(self, 0)
            .filter((way) => way.length > 0)
            .slice(0, WAYS_MAX),
    down: all.filter(({ up }) => up.includes(id)),
    related: all.filter(({ id: other, related }) => self?.related.includes(other) === true || related.includes(id)),
  };
}
