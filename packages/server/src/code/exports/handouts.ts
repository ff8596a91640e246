/** The files that are handed out, for the API and for the console alike: bytes, kind and name of each. */
import { nameFile } from './oscal-base-rules.ts';
import type { ExportsService, OscalModel, TableName } from './schema.ts';

export interface Handout {
  readonly name: string;
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

export async function handOutOscal(service: ExportsService, model: OscalModel): Promise<Handout> {
  return { name: `gatehouse-oscal-${nameFile(model)}`, contentType: 'application/json; charset=utf-8', content: (await service.oscal(model)).json };
}

export async function handOutPack(service: ExportsService): Promise<Handout> {
  const { name, bytes } = await service.pack();
  return { name, contentType: 'application/x-tar', content: bytes };
}

export async function handOutTable(service: ExportsService, table: TableName): Promise<Handout> {
  return { name: `gatehouse-${table}.csv`, contentType: 'text/csv; charset=utf-8', content: await service.csv(table) };
}

export async function handOutVerifier(service: ExportsService): Promise<Handout> {
  return { name: 'gatehouse-verify-pack.html', contentType: 'text/html; charset=utf-8', content: (await service.verifier()).html };
}
