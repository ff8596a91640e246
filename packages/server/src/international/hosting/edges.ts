/** Known delivery networks: the list that comes with Gatehouse, and the numbers that the operator added. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import type { EdgeNetwork, Edges } from './claim-rules.ts';

const EDGES_FILE = join(PACKAGE_DIR, 'src/international/hosting/data/edges.json');

const EdgesSchema = z.object({
  date: z.iso.date(),
  networks: z.array(
    z.object({ name: z.string(), asns: z.array(z.number().int().positive()), registryNames: z.array(z.string()), abuseUrl: z.url().nullable() }),
  ),
});

/** @param added numbers of networks, from the settings */
export async function readEdges(added: readonly number[]): Promise<Edges> {
  const { networks } = EdgesSchema.parse(JSON.parse(await readFile(EDGES_FILE, 'utf8')));
  const byAsn = new Map<number, EdgeNetwork>(networks.flatMap(({ name, asns, abuseUrl }) => asns.map((asn) => [asn, { name, abuseUrl }] as const)));
  const byName = new Map<string, EdgeNetwork>(
    networks.flatMap(({ name, registryNames, abuseUrl }) => registryNames.map((one) => [one, { name, abuseUrl }] as const)),
  );
  for (const asn of added) if (!byAsn.has(asn)) byAsn.set(asn, { name: `AS${asn}`, abuseUrl: null });
  return { byAsn, byName };
}
