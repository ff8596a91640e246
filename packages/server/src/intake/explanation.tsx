/** Why an upload would be, or was, published, held or refused: the whole answer in words. Used by the uploads pages and by try-it. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { DEFAULT_RADIUS, MAX_RADIUS, type Hit } from '../lists/index.ts';
import { Details, formatCount, formatMs, Scale, SummaryList, Tag, type SummaryRow, type TagColour } from '../platform/ui/components.tsx';
import type { Screening, VerdictKind } from '../screening/index.ts';
import type { Disposition } from './schema.ts';

const VERDICT_WORDS: Readonly<Record<VerdictKind, { readonly text: string; readonly colour: TagColour }>> = {
  clear: { text: 'Clear', colour: 'green' },
  match: { text: 'Match', colour: 'red' },
  unscannable: { text: 'Could not be screened', colour: 'yellow' },
  error: { text: 'No answer', colour: 'purple' },
};

/** For what was decided and for what would be. */
const DISPOSITION_WORDS: Readonly<Record<Disposition, { readonly was: string; readonly would: string; readonly colour: TagColour }>> = {
  release: { was: 'Released', would: 'Would be published', colour: 'green' },
  hold: { was: 'Held', would: 'Would be held', colour: 'blue' },
  refuse: { was: 'Refused', would: 'Would be refused', colour: 'red' },
};

const SIGNAL_WORDS: Readonly<Record<Hit['signal'], string>> = {
  pdq: 'PDQ (how the picture looks)',
  md5: 'MD5 (the exact bytes)',
  sha1: 'SHA-1 (the exact bytes)',
  sha256: 'SHA-256 (the exact bytes)',
};

/** How the upload was turned to look like the entry; the same words as in the explanation. */
const ORIENTATION_WORDS: Readonly<Record<string, string>> = {
  original: 'the same way up',
  rot90: 'turned by 90° anticlockwise',
  rot180: 'turned by 180°',
  rot270: 'turned by 90° clockwise',
  flipX: 'mirrored top to bottom',
  flipY: 'mirrored left to right',
  transpose: 'mirrored and turned (along the falling diagonal)',
  antitranspose: 'mirrored and turned (along the rising diagonal)',
};

const RENDERING_WORDS: Readonly<Record<NonNullable<Hit['rendering']>, string>> = {
  opaque: 'as it is',
  white: 'transparency on white',
  black: 'transparency on black',
  dropped: 'transparency ignored',
};

const FORM_WORDS: Readonly<Record<NonNullable<Hit['form']>, string>> = { full: 'full resolution', nearest512: 'reduced to 512 × 512' };

export function VerdictTag({ verdict }: { readonly verdict: VerdictKind }): JSX.Element {
  return <Tag colour={VERDICT_WORDS[verdict].colour}>{VERDICT_WORDS[verdict].text}</Tag>;
}

export function DispositionTag({ disposition, isTrial = false }: { readonly disposition: Disposition; readonly isTrial?: boolean }): JSX.Element {
  return <Tag colour={DISPOSITION_WORDS[disposition].colour}>{describeDisposition(disposition, isTrial)}</Tag>;
}

export function describeDisposition(disposition: Disposition, isTrial: boolean): string {
  return isTrial ? DISPOSITION_WORDS[disposition].would : DISPOSITION_WORDS[disposition].was;
}

/** @param headingLevel of the headings of matches, to fit below the page's own */
export function ScreeningExplanation({ screening, headingLevel = 3 }: { readonly screening: Screening; readonly headingLevel?: 3 | 4 }): JSX.Element {
  const { hits, hitCount } = screening;
  return (
    <>
      <SummaryList
        rows={[
          {
            key: 'Verdict',
            value: (
              <>
                <VerdictTag verdict={screening.verdict} />
                {screening.reason === undefined ? null : (
                  <>
                    {' '}
                    <code>{screening.reason}</code>
                  </>
                )}
              </>
            ),
          },
          { key: 'Why', value: screening.explanation },
          screening.quality === undefined ? undefined : { key: 'Quality', value: `${screening.quality} of 100: ${describeQuality(screening.quality)}` },
          { key: 'List-set version', value: String(screening.listSetVersion) },
        ]}
      />
      {hits.slice(0, 1).map((hit) => (
        <HitView hit={hit} title={hitCount === 1 ? 'Match' : 'Nearest match'} headingLevel={headingLevel} />
      ))}
      {hitCount < 2 ? null : (
        <Details summary={formatCount(hitCount - 1, 'further match', 'further matches')}>
          {hits.slice(1).map((hit, index) => (
            <HitView hit={hit} title={`Match ${index + 2} of ${hitCount}`} headingLevel={headingLevel} />
          ))}
          {hitCount > hits.length ? <p>The nearest {hits.length} are shown.</p> : null}
        </Details>
      )}
      <Details summary="Media and timings">
        <SummaryList rows={describeMedia(screening)} />
      </Details>
    </>
  );
}

function HitView({ hit, title, headingLevel }: { readonly hit: Hit; readonly title: string; readonly headingLevel: 3 | 4 }): JSX.Element {
  const Heading = headingLevel === 3 ? 'h3' : 'h4';
  return (
    <>
      <Heading>{title}</Heading>
      <SummaryList
        rows={[
          { key: 'List', value: hit.listName },
          { key: 'Entry', value: `${hit.entry}${hit.reference === undefined ? '' : `, reference ${hit.reference}`}` },
          { key: 'Signal', value: SIGNAL_WORDS[hit.signal] },
          { key: 'Distance', value: <Distance hit={hit} /> },
          hit.orientation === undefined ? undefined : { key: 'Orientation', value: ORIENTATION_WORDS[hit.orientation] ?? hit.orientation },
          hit.quality === undefined ? undefined : { key: 'Quality', value: `${hit.quality} of 100` },
          hit.rendering === undefined || hit.form === undefined
            ? undefined
            : { key: 'Compared', value: `${RENDERING_WORDS[hit.rendering]}, ${FORM_WORDS[hit.form]}` },
          { key: 'The list asks to', value: hit.disposition },
        ]}
      />
    </>
  );
}

function Distance({ hit }: { readonly hit: Hit }): JSX.Element {
  if (hit.signal !== 'pdq') return <>0: the bytes are the same</>;
  const words = `${hit.distance} of 256 bits differ`;
  return (
    <>
      {words}
      {hit.distance === 0 ? ': the hashes are the same' : ''}
      <Scale
        value={hit.distance}
        max={MAX_RADIUS}
        limit={DEFAULT_RADIUS}
        label={`${words}, on a scale from 0 to ${MAX_RADIUS} with the usual limit at ${DEFAULT_RADIUS}`}
      />
      <span class="hint">
        Scale 0 to {MAX_RADIUS}; the usual limit is {DEFAULT_RADIUS}.
      </span>
    </>
  );
}

function describeQuality(quality: number): string {
  if (quality < 50) return 'too plain for a reliable perceptual hash';
  return quality >= 80 ? 'rich in detail, the hash is reliable' : 'enough detail for a reliable hash';
}

function describeMedia({ media, timings, engineVersion }: Screening): readonly (SummaryRow | undefined)[] {
  return [
    { key: 'Media type', value: media?.type ?? 'not recognised' },
    media?.width === undefined || media.height === undefined ? undefined : { key: 'Size', value: `${media.width} × ${media.height} pixels` },
    media?.frames === undefined || media.frames < 2 ? undefined : { key: 'Frames', value: `${media.frames}; the first was hashed` },
    media?.isPartial === true ? { key: 'Damaged', value: 'Yes: what could be decoded was hashed' } : undefined,
    { key: 'Waited', value: formatMs(timings.waitMs) },
    { key: 'Decoded in', value: formatMs(timings.decodeMs) },
    { key: 'Hashed in', value: formatMs(timings.hashMs) },
    { key: 'Compared in', value: formatMs(timings.matchMs) },
    { key: 'In all', value: formatMs(timings.totalMs) },
    { key: 'Engine', value: <code>{engineVersion}</code> },
  ];
}
