/** Where the layers of the map come from. */
import type { Sql } from '../../platform/db/database.ts';
import type { Layer, LayerSource } from './schema.ts';
import { findPhases, findStated, listPublishedShares, listStatedKeys } from './store.ts';

const DEFAULT_TREATY = 'opsc';
/** Hotlines: the capability that concerns notices most (international-and-register.md, section 1.2). */
const DEFAULT_CAPABILITY = '12';
const CAPABILITY = /^([1-9]|1\d|2[01])$/;

/** @param about the treaty, year or capability; another one when it is none */
export async function readLayer(db: Sql, layer: Layer, about = ''): Promise<LayerSource> {
  switch (layer) {
    case 'share':
    case 'reports':
    case 'median':
      return { values: [], about: '' };
    case 'hotline':
      return { values: await findStated(db, { topic: 'hotline', key: 'hotline' }), about: 'hotline' };
    case 'treaty':
      return readTreaty(db, about);
    case 'published':
      return readPublished(db, about);
    case 'mnr': {
      const capability = CAPABILITY.test(about) ? about : DEFAULT_CAPABILITY;
      return { values: await findPhases(db, Number(capability)), about: capability };
    }
  }
}

async function readTreaty(db: Sql, about: string): Promise<LayerSource> {
  const keys = await listStatedKeys(db, 'treaty');
  const key = keys.includes(about) ? about : DEFAULT_TREATY;
  return { values: await findStated(db, { topic: 'treaty', key }), about: key };
}

async function readPublished(db: Sql, about: string): Promise<LayerSource> {
  const years = (await listPublishedShares(db)).map(({ year }) => year);
  if (years.length === 0) return { values: [], about: '' };
  const year = years.find((one) => String(one) === about) ?? Math.max(...years);
  return { values: await findStated(db, { topic: 'figure', key: `iwf_share_${year}` }), about: String(year) };
}
