/**
 * What the domains measure for others to judge: each domain registers sources in `defineDomain({ metrics })`, the domain `code` reads them on a
 * schedule and compares them with thresholds. A source says what it found and never whether that is enough.
 */

/** From inclusive, to exclusive. */
export interface EvidenceWindow {
  readonly from: Date;
  readonly to: Date;
}

/** One row of the table behind a figure. */
export interface EvidenceRow {
  readonly label: string;
  readonly figure: number;
}

export interface EvidenceReading {
  /** In the unit of the metric. Null: there were no data, and nothing can be concluded. */
  readonly figure: number | boolean | null;
  /** Of ratios: counts. */
  readonly numerator?: number;
  readonly denominator?: number;
  /** 95 %, where the figure is estimated from a sample (Wilson for shares). */
  readonly interval?: { readonly low: number; readonly high: number };
  /** One sentence with the counts: what was found, in what. */
  readonly finding: string;
  readonly rows?: readonly EvidenceRow[];
  /** When the newest of the data came to be, where they may be old: of probes, of lists. */
  readonly newestAt?: Date;
}

export interface EvidenceSource {
  /** The id of the catalogue: `hashlist_age_hours`. */
  readonly metric: string;
  /** Where the figure comes from and how, in one sentence. */
  readonly method: string;
  /** A reading whose `newestAt` is older says nothing any more. */
  readonly freshForHours?: number;
  read(window: EvidenceWindow, signal: AbortSignal): Promise<EvidenceReading>;
}

export interface Evidence {
  /** @throws {Error} when another domain measures the same already: one figure has one meaning */
  measure(source: EvidenceSource): void;
  sources(): readonly EvidenceSource[];
}

export function createEvidence(): Evidence {
  const sources = new Map<string, EvidenceSource>();
  return {
    measure(source) {
      if (sources.has(source.metric)) throw new Error(`the metric ${source.metric} has two sources`);
      sources.set(source.metric, source);
    },
    sources: () => [...sources.values()],
  };
}
