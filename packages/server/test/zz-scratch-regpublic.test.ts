import { it } from 'vitest';
import pg from 'pg';
import { inject } from 'vitest';
import { startTestApp } from './support/app.ts';
import { domains } from '../src/domains.ts';
for (const d of domains as any) {
  const create = d.create;
  d.create = async (...a: any[]) => {
    console.log('create', d.name);
    const r = await create.apply(d, a);
    console.log('created', d.name);
    const start = r.start;
    return { ...r, start: async () => { console.log('start', d.name); await start?.call(r); console.log('started', d.name); } };
  };
  for (const k of ['logStates','jobs','checks','metrics','routes','pages']) if (d[k]) { const f = d[k]; d[k] = (...a: any[]) => { console.log(k, d.name); const x = f.apply(d, a); if (x?.then) x.then(() => console.log(k, d.name, 'done')); return x; }; }
}

it('x', async () => {
  const t = setTimeout(async () => {
    const c = new pg.Client(inject('postgres')); await c.connect();
    console.log((await c.query(`select datname,state,wait_event_type,wait_event,left(query,200) q from pg_stat_activity where datname like 'test_%'`)).rows);
    await c.end();
  }, 12000);
  const app = await Promise.race([startTestApp({ isPublicOnly: true }), new Promise<never>((_r, j) => setTimeout(() => j(new Error('hang')), 14000))]);
  clearTimeout(t);
  await app.stop();
}, 60000);
