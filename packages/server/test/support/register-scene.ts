/** Something on every console page about the register: a change in review that replaces another, a draft, an action with a milestone that slipped. */
import { z } from 'zod';
import type { TestApp } from './app.ts';

const ID = 'iicsa-internet-2020';
const KeptSchema = z.object({ id: z.string() });

/** @returns the id of a change that waits for a review */
export async function fillRegister(app: TestApp, text: string): Promise<string> {
  const { model } = app.app.services.register;
  const send = async (path: string, body: object): Promise<string> => {
    const response = await app.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return KeptSchema.parse(await response.json()).id;
  };
  const place = { recommendation: `${ID}/2` };
  const propose = (change: object, replaces?: string): Promise<string> => send('/v1/register/changes', { change, replaces });
  const publish = async (change: object, replaces?: string): Promise<string> => {
    const id = await propose(change, replaces);
    await send(`/v1/register/changes/${id}/submission`, {});
    await model.publish(id, 'per_reviewer');
    return id;
  };
  const action = await publish({
    kind: 'action',
    ...place,
    body: { owner: 'A ministry', kind: 'law', title: 'A law', from: null, to: null, legislation: null, source: null },
  });
  const milestone = { action, title: 'A bill is laid before Parliament', doneAt: null };
  const first = await publish({ kind: 'milestone', ...place, body: { ...milestone, dueAt: '2025-01-31' } });
  await publish({ kind: 'milestone', ...place, body: { ...milestone, dueAt: '2026-06-30' } }, first);
  const [response] = (await model.find(`${ID}/2`)).responses;
  const body = { by: 'UK Government', date: '2020-11-10', class: 'partly', classAsPublished: text, text, source: null };
  await propose({ kind: 'response', ...place, body });
  const waiting = await propose({ kind: 'response', ...place, body }, response?.id);
  await send(`/v1/register/changes/${waiting}/submission`, {});
  return waiting;
}
