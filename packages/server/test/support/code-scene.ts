/** A service that is described, evaluated twice, with a plan and a record: something on every page about the code. */
import { z } from 'zod';
import type { TestApp } from './app.ts';

const FACTS: Readonly<Record<string, string | number | boolean>> = {
  kind: 'u2u',
  ukLinks: true,
  ukMau: 800_000,
  fileStorageSharing: false,
  mediaUploads: true,
  publicContent: true,
  technicallyFeasible: true,
  childrenLikely: true,
  accounts: true,
  livestream: false,
  'risk.imageCsam': 'high',
  'risk.grooming': 'low',
};

/** @returns the id of the last evaluation */
export async function fillCode(app: TestApp): Promise<string> {
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await app.call(path, { method, ...init });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const answers = Object.entries(FACTS).map(([fact, value]) => ({ fact, value, method: 'for the scene' }));
  await send('POST', '/v1/code/facts', { answers });
  await send('POST', '/v1/code/evaluations');
  const signature = { name: 'Ada Example', isResponsible: true };
  const measure = { control: 'icu-c9', description: 'Every picture is screened before it is seen.', effectiveFrom: '2026-11-25', owner: 'Ada Example' };
  await send('POST', '/v1/code/records', { record: { kind: 'measure', body: measure }, signature });
  await send('PUT', '/v1/code/gaps/icu-c1', { owner: 'A rather long name of a department', due: '2020-01-31', plan: 'Write it down.' });
  await send('POST', '/v1/code/evaluations');
  const { evaluations } = z.object({ evaluations: z.array(z.object({ id: z.string() })) }).parse(await send('GET', '/v1/code/evaluations?limit=1'));
  return evaluations[0]?.id ?? '';
}
