/** Treaties, memberships and hotlines. */
import { z } from 'zod';
import type { RowContext, RowSayings, Saying, Shape } from './shape-schema.ts';
import { defineShape } from './shape-schema.ts';
import { splitAddress } from './shape-part-rules.ts';

const FLAG = z.enum(['0', '1']);
const RatificationRow = z.object({
  iso2: z.string(),
  member: z.string().min(1),
  'state party': FLAG,
  'year ratification or accession': z.string().regex(/^((19|20)\d\d)?$/, 'must be a year'),
  signatory: FLAG,
  'no action': FLAG,
  status: z.enum(['state party', 'signatory state', 'no action']),
});

const STATUS_VALUES = { 'state party': 'party', 'signatory state': 'signatory', 'no action': 'none' } as const;
const STATUS_FLAGS = { 'state party': 'state party', 'signatory state': 'signatory', 'no action': 'no action' } as const;
const STATUS_WORDS = { 'state party': 'a party of', 'signatory state': 'a signatory of', 'no action': 'neither a party nor a signatory of' } as const;

function defineRatification(name: string, treaty: string): Shape {
  const shape: Shape = defineShape({
    name,
    about: `Status of ${treaty}, one row for each member of the United Nations`,
    caveat:
      'Worked out by others from the UN Treaty Collection in August 2022, not read there. A treaty says what a state promised, not what happens to a report.',
    row: RatificationRow,
    read(row, context) {
      const place = context.places.byCode(row.iso2);
      if (place === undefined) return { sayings: [], fault: `the country ${row.member} (${row.iso2}) is not known` };
      const year = row['year ratification or accession'];
      const text = `${place.name} is ${STATUS_WORDS[row.status]} ${treaty}${row.status === 'state party' && year !== '' ? `, since ${year}` : ''}.`;
      const flags = (['state party', 'signatory', 'no action'] as const).filter((flag) => row[flag] === '1');
      const isConsistent = flags.length === 1 && flags[0] === STATUS_FLAGS[row.status];
      const caveat = isConsistent
        ? shape.caveat
        : `${shape.caveat} The row contradicts itself: it also says ${flags.filter((flag) => flag !== STATUS_FLAGS[row.status]).join(', ') || 'nothing'}.`;
      return { sayings: [{ country: place.code, topic: 'treaty', key: name, value: STATUS_VALUES[row.status], text, asOf: context.asOf, caveat }] };
    },
  });
  return shape;
}

/** The letters of the table's last column (SOURCES.md of the seed). */
const LANZAROTE_SOURCES: Readonly<Record<string, string | null>> = {
  A: 'https://www.coe.int/en/web/children/convention',
  B: 'https://verdragenbank.overheid.nl/verdragen/011605_b',
  // A copy of an encyclopedia whose address was not kept.
  C: null,
};

const lanzarote: Shape = defineShape({
  name: 'lanzarote',
  about: 'Parties of the Lanzarote Convention (CETS 201): state, iso2, status, date_note, source',
  caveat: 'Days are mostly missing, and some rows are from secondary sources. A treaty says what a state promised, not what happens to a report.',
  row: z.object({
    state: z.string().min(1),
    iso2: z.string(),
    status: z.string().regex(/^(ratified|party\b)/, 'must begin with ratified or party'),
    date_note: z.string(),
    source: z.enum(['A', 'B', 'C']),
  }),
  read(row, context) {
    const note = row.date_note === '' ? '' : `; ${row.date_note}`;
    return sayOne(row, context, {
      topic: 'treaty',
      key: 'lanzarote',
      value: 'party',
      text: `${row.state} is a party of the Lanzarote Convention (CETS 201): ${row.status}${note}.`,
      asOf: context.asOf,
      caveat: row.source === 'C' ? `${lanzarote.caveat} This row: an encyclopedia.` : lanzarote.caveat,
      url: LANZAROTE_SOURCES[row.source] ?? null,
    });
  },
});

const DayCell = z.string().regex(/^(\d{4}-\d{2}-\d{2})?$/, 'must be a day');

const budapest: Shape = defineShape({
  name: 'budapest',
  about: 'Convention on Cybercrime (CETS 185): state, iso2, signature, ratification, entry_into_force',
  caveat:
    'Incomplete: the list that was read ends in the middle of the alphabet. That a state is missing says nothing. A treaty says what a state promised, not what happens to a report.',
  row: z.object({ state: z.string().min(1), iso2: z.string(), signature: DayCell, ratification: DayCell, entry_into_force: DayCell }),
  read(row, context) {
    const isParty = row.ratification !== '';
    if (!isParty && row.signature === '') return { sayings: [], fault: `${row.state} has neither a signature nor a ratification` };
    const text = isParty
      ? `a party of the Convention on Cybercrime (CETS 185), ratified ${row.ratification}`
      : `a signatory of the Convention on Cybercrime (CETS 185), signed ${row.signature}`;
    return sayOne(row, context, {
      topic: 'treaty',
      key: 'budapest',
      value: isParty ? 'party' : 'signatory',
      text: `${row.state} is ${text}.`,
      asOf: context.asOf,
      caveat: budapest.caveat,
    });
  },
});

const weprotect: Shape = defineShape({
  name: 'weprotect',
  about: 'Governments that are members of the WeProtect Global Alliance: iso2, country, source, as_of',
  caveat: 'From a page without a date. Membership says that a government joined, not what it does.',
  row: z.object({ iso2: z.string(), country: z.string().min(1), source: z.url({ protocol: /^https?$/ }), as_of: z.string() }),
  read(row, context) {
    return sayOne({ ...row, state: row.country }, context, {
      topic: 'membership',
      key: 'weprotect',
      value: true,
      text: `Listed as a government member of the WeProtect Global Alliance: ${row.country}. As of: ${row.as_of}.`,
      asOf: context.asOf,
      caveat: weprotect.caveat,
      url: row.source,
    });
  },
});

const inhopeHotlines: Shape = defineShape({
  name: 'inhope_hotlines',
  about: 'Hotlines: iso2, country, inhope_directory_listing, public_report_url, kind, joined',
  caveat: 'Secondary reading of a directory. Ask the hotline itself before anything is handed to it.',
  row: z.object({
    iso2: z.string(),
    country: z.string().min(1),
    inhope_directory_listing: z.string().min(1),
    public_report_url: z.string(),
    kind: z.string().min(1),
    joined: z.string(),
  }),
  read(row, context) {
    const place = context.places.byCode(row.iso2);
    if (place === undefined) return { sayings: [], fault: `the country ${row.country} (${row.iso2}) is not known` };
    const { url } = splitAddress(row.public_report_url);
    const isMember = row.kind.startsWith('INHOPE member');
    const hasPortal = row.kind.startsWith('IWF portal');
    const name = isMember ? row.inhope_directory_listing : row.kind;
    const about = { country: place.code, asOf: context.asOf, caveat: inhopeHotlines.caveat };
    const joined = row.joined === '' ? '' : ` Joined ${row.joined}.`;
    const sayings: Saying[] = [
      {
        ...about,
        topic: 'membership',
        key: 'inhope',
        value: isMember,
        text: `Directory of INHOPE for ${row.country}: ${row.inhope_directory_listing}.${joined}`,
      },
      hasPortal
        ? { ...about, topic: 'hotline', key: 'hotline', value: false, text: `${row.country} has no hotline of its own in the directory: ${row.kind}.` }
        : { ...about, topic: 'hotline', key: 'hotline', value: name, text: `Hotline for ${row.country}: ${name} (${row.kind}).` },
    ];
    if (url !== null && hasPortal)
      sayings.push({ ...about, topic: 'procedure', key: 'iwf_portal', value: url, text: `The IWF runs a portal for ${row.country}: ${url}` });
    if (url !== null && !hasPortal)
      sayings.push({ ...about, topic: 'hotline', key: 'hotline_url', value: url, text: `Reports to the hotline for ${row.country}: ${row.public_report_url}` });
    return { sayings };
  },
});

function sayOne(row: { readonly state: string; readonly iso2: string }, { places }: RowContext, saying: Omit<Saying, 'country'>): RowSayings {
  const place = places.byCode(row.iso2);
  if (place === undefined) return { sayings: [], fault: `the country ${row.state} (${row.iso2}) is not known` };
  return { sayings: [{ ...saying, country: place.code }] };
}

export const TREATY_SHAPES: readonly Shape[] = [
  defineRatification(
    'opsc',
    'the Optional Protocol to the Convention on the Rights of the Child on the sale of children, child prostitution and child pornography',
  ),
  defineRatification('crc', 'the Convention on the Rights of the Child'),
  defineRatification('op_ic', 'the Optional Protocol to the Convention on the Rights of the Child on a communications procedure'),
  lanzarote,
  budapest,
  weprotect,
  inhopeHotlines,
];
