import { type GrowingSegment, openGrowing } from './growing-segment.ts';
import { buildRing } from './ring-segment.ts';
import { type RowSource, type Segment, type SegmentSettings, slicePart } from './segment.ts';
import { splitRange, type Steps } from './slices.ts';

export interface BuildJob {
  readonly settings: SegmentSettings;
  readonly base: number;
  /** Rows to copy and permute between two steps; list entries are cheaper and come by the multiple. */
  readonly sliceRows: number;
}

/** Segments for all rows of the source, none larger than its limit. */
export function* buildSegments(source: RowSource, job: BuildJob): Steps<Segment[]> {
  const { limits } = job.settings;
  const segments: Segment[] = [];
  for (const range of splitRange(source.count, limits.ringRows)) {
    const part = slicePart(source, range);
    const here = { ...job, base: job.base + range.from };
    if (part.count <= limits.growingRows) segments.push(yield* buildGrowing(part, here));
    else segments.push(yield* buildRing(part, { settings: job.settings, base: here.base, count: part.count }, job.sliceRows));
  }
  return segments;
}

function* buildGrowing(source: RowSource, { settings, base, sliceRows }: BuildJob): Steps<GrowingSegment> {
  const segment = openGrowing(base, settings);
  for (const range of splitRange(source.count, sliceRows)) {
    segment.append(source, range);
    yield;
  }
  while (!segment.link(sliceRows)) yield;
  return segment;
}
