/** An installation with some history: counts of several weeks, a self-test, a review. */
import { sql } from 'kysely';
import type { TestApp } from './app.ts';

const DAY_MS = 86_400_000;

export async function fillEvidence(app: TestApp): Promise<void> {
  const now = app.app.context.clock.now().getTime();
  const rows = Array.from({ length: 80 }, (_none, back) => back).flatMap((back) => {
    const day = new Date(now - back * DAY_MS).toISOString().slice(0, 10);
    // One week is too thin to be shown, and one of its neighbours goes with it.
    const scale = back >= 28 && back < 35 ? 1 : 20;
    return [
      { day, method: 'wallet', kind: 'verified', outcome: 'true', locale: 'en', device: 'phone', duration: 'under_1m', sessions: 3 * scale + (back % 5) },
      { day, method: 'wallet_other_device', kind: 'verified', outcome: 'true', locale: 'cy', device: 'desktop', duration: 'under_2m', sessions: scale },
      { day, method: 'wallet', kind: 'none', outcome: 'abandoned', locale: 'en', device: 'phone', duration: 'none', sessions: Math.ceil(scale / 2) },
      { day, method: 'none', kind: 'none', outcome: 'abandoned', locale: 'cy', device: 'desktop', duration: 'none', sessions: Math.ceil(scale / 3) },
    ];
  });
  const values = rows.map(({ day, method, kind, outcome, locale, device, duration, sessions }) => {
    return sql`('day', ${day}, ${method}, ${kind}, ${outcome}, ${locale}, ${device}, false, ${duration}, ${sessions}::bigint, ${sessions}::bigint, 0)`;
  });
  await sql`insert into age.evidence_count values ${sql.join(values)}`.execute(app.app.context.database.sql);
  await post(app, '/v1/age/evidence/self-tests', {});
  const review = { reviewer: 'Data protection officer', reviewedOn: '2026-11-02', text: 'Gaps and refusals; nothing to change.', nextReviewOn: '2099-05-02' };
  await post(app, '/v1/age/evidence/reviews', review);
}

async function post(app: TestApp, path: string, body: object): Promise<void> {
  const reply = await app.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
}
