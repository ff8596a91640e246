/** From a report to an outcome, with a real database and mail server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ANALYST,
  AUTHORITY,
  HOUR_MS,
  makeClaim,
  makeContact,
  makeProcedure,
  makeReport,
  setNoticesScene,
  type NoticesScene,
  type NoticesSceneOptions,
} from '../../../test/support/notices-scene.ts';

const DAY_MS = 24 * HOUR_MS;
const SECRET = 'https://secret-host.example.org/very/secret?path=1';
const SEES = { seesUrls: true };

const scenes: NoticesScene[] = [];
async function setScene(options: NoticesSceneOptions = {}): Promise<NoticesScene> {
  const scene = await setNoticesScene(options);
  scenes.push(scene);
  scene.places.set('secret-host.example.org', makeClaim('secret-host.example.org', 'NL'));
  scene.procedures.set('NL', makeProcedure('NL', { policeFirst: 'no' }));
  return scene;
}
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.dispose();
});

async function go(scene: NoticesScene, ms: number): Promise<void> {
  scene.clock.advance(ms);
  await scene.advance();
}

async function approveAll({ notices }: NoticesScene, id: string): Promise<void> {
  for (const { id: contactId, contact } of (await notices.find(id)).contacts)
    if (contact.problem === null && contact.email !== null) await notices.approveContact(contactId, ANALYST);
}

const words = async ({ notices }: NoticesScene, id: string): Promise<string[]> => (await notices.find(id)).events.map(({ change }) => change);
const toOf = ({ mail }: NoticesScene): string[] => mail.received.map(({ to }) => to[0] ?? '');

describe('secrets', () => {
  it('no address, host, contact or basis stands readable in the database or in events; who may sees it, and each look is an event', async () => {
    const scene = await setScene();
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET, { reference: 'canary-reference' }), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    expect(scene.mail.received).toHaveLength(1);
    for (const table of ['hosted_report', 'notice_contact', 'notice', 'notice_event', 'notice_report', 'report_contact']) {
      const { rows } = await sql<{ row: string }>`select row_to_json(t)::text as row from ${sql.id('international', table)} t`.execute(scene.db.database.sql);
      const all = rows.map(({ row }) => row.replaceAll(/\\\\x([0-9a-f]+)/g, (_all, hex: string) => Buffer.from(hex, 'hex').toString('latin1'))).join('\n');
      expect(all.length).toBeGreaterThan(10);
      for (const word of ['secret', 'host.example', 'network.example.net', 'canary', '192.0.2']) expect(all, table).not.toContain(word);
    }
    expect(JSON.stringify(scene.events)).not.toMatch(/secret|example/);
    const hidden = JSON.stringify(await notices.find(id));
    expect(hidden).not.toMatch(/secret-host|192\.0\.2/);
    expect((await notices.find(id, SEES)).host).toBe('secret-host.example.org');
    scene.events.length = 0;
    expect(await notices.revealUrl(id, 'key_boss')).toBe(SECRET);
    expect(scene.events).toEqual([{ name: 'notice.url_viewed', payload: { reportId: id, actor: 'key_boss' } }]);
    const [notice] = (await notices.find(id)).notices;
    expect((await notices.readNotice(notice?.id ?? '', 'key_boss')).text).toContain('hxxps://secret-host.example.org/very/secret?path=1');
    expect(scene.events).toHaveLength(2);
  });

  it('rotation seals everything again, drops the old key, and addresses are still found as duplicates', async () => {
    const scene = await setScene();
    const { notices, test } = scene;
    const file = join(test.dataDir, 'keys', 'notices.key');
    const before = await readFile(file, 'utf8');
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    const { sealed } = await notices.rekey(ANALYST);
    expect(sealed).toBeGreaterThanOrEqual(3);
    const after = await readFile(file, 'utf8');
    expect(after.trim().split('\n')).toHaveLength(1);
    expect(after).not.toBe(before);
    expect(await notices.revealUrl(id, ANALYST)).toBe(SECRET);
    expect((await (await scene.restart()).report(makeReport(`${SECRET}#part`), ANALYST)).duplicateOf).toBe(id);
  });

  it('a sealed part that was changed, or put into another row, is not opened', async () => {
    const scene = await setScene();
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    const other = await scene.notices.report(makeReport('https://secret-host.example.org/other'), ANALYST);
    await sql`update international.hosted_report a set input_sealed = b.input_sealed from international.hosted_report b where a.id = ${id} and b.id = ${other.id}`.execute(
      scene.db.database.sql,
    );
    await expect(scene.notices.revealUrl(id, ANALYST)).rejects.toMatchObject({ code: 'notice_sealed' });
    expect(await scene.notices.revealUrl(other.id, ANALYST)).toBe('https://secret-host.example.org/other');
  });
});

describe('without an authority', () => {
  it('a sheet is drafted for the hotline, a person hands it over, and it ends without an answer', async () => {
    const scene = await setScene({ authority: null });
    scene.procedures.set(
      'NL',
      makeProcedure('NL', { hotline: { name: 'Example Hotline NL', url: 'https://hotline.example.com', email: 'report@hotline.example.com' } }),
    );
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await go(scene, 24 * HOUR_MS - 1);
    expect((await notices.find(id)).state).toBe('traced');
    await go(scene, 1);
    const report = await notices.find(id);
    expect([report.state, report.waitsFor, report.notices[0]?.format]).toEqual(['drafted', 'hand', 'handover']);
    const sheet = await notices.readNotice(report.notices[0]?.id ?? '', ANALYST);
    expect(sheet.sheet?.items).toHaveLength(1);
    await notices.approve(report.notices[0]?.id ?? '', ANALYST);
    await scene.advance();
    expect((await notices.find(id)).state).toBe('handed');
    await go(scene, 60 * DAY_MS);
    expect((await notices.find(id)).outcome).toBe('no_answer');
    expect(scene.mail.received).toEqual([]);
    expect(await words(scene, id)).toEqual(['reported', 'traced', 'drafted', 'url_viewed', 'handed', 'closed_no_answer']);
  });

  it('where nobody knows the country it is the hotline of the operator’s own', async () => {
    const scene = await setScene({ authority: null, config: { noticesHomeCountry: 'GB' } });
    scene.procedures.set('GB', makeProcedure('GB', { hotline: { name: 'Home Hotline', url: null, email: null } }));
    scene.places.set('edge.example.org', makeClaim('edge.example.org', null, { origin: 'edge_origin_unknown' }));
    const { id } = await scene.notices.report(makeReport('https://edge.example.org/x'), ANALYST);
    await go(scene, DAY_MS);
    expect((await scene.notices.find(id)).notices[0]?.recipient).toMatchObject({ scope: 'hotline', name: 'Home Hotline' });
  });
});

describe('the ladder', () => {
  it('network, reminders after 1 and 3 working days, registrar after 5, the end after 10 of the last', async () => {
    // A Monday.
    const scene = await setScene();
    const { notices, clock } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    const times: string[] = [];
    for (let hour = 0; hour < 24 * 40; hour++) {
      const before = scene.mail.received.length;
      await go(scene, HOUR_MS);
      for (const { to } of scene.mail.received.slice(before)) times.push(`${clock.now().toISOString().slice(0, 13)} ${to[0]}`);
    }
    expect(times).toEqual([
      '2026-11-03T09 abuse@network.example.net',
      '2026-11-04T09 abuse@network.example.net',
      '2026-11-06T09 abuse@network.example.net',
      '2026-11-10T09 abuse@registrar.example.com',
      '2026-11-11T09 abuse@registrar.example.com',
      '2026-11-13T09 abuse@registrar.example.com',
    ]);
    const report = await notices.find(id);
    expect([report.outcome, report.closedAt?.toISOString()]).toEqual(['no_answer', '2026-11-24T09:00:00.000Z']);
  }, 60_000);

  it('police first: nobody else is told until they agreed', async () => {
    const scene = await setScene();
    scene.procedures.set('NL', makeProcedure('NL', { policeFirst: 'yes', police: { name: 'Police', email: 'police@police.example.com' } }));
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    await go(scene, 90 * DAY_MS);
    expect(toOf(scene)).toEqual(['police@police.example.com']);
    expect((await notices.find(id)).state).toBe('waiting_police');
    await notices.policeAgreed(id, ANALYST);
    await scene.advance();
    expect(toOf(scene)).toEqual(['police@police.example.com', 'abuse@network.example.net']);
  });

  it('an unknown rule about the police is never read as no, and no limit applies to it', async () => {
    const scene = await setScene({ ladder: { policeLimitDays: { NL: 2 } } });
    scene.procedures.set('NL', makeProcedure('NL', { policeFirst: 'unknown', police: { name: 'Police', email: 'police@police.example.com' } }));
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    await go(scene, 90 * DAY_MS);
    expect(toOf(scene)).toEqual(['police@police.example.com']);
    scene.procedures.set('NL', makeProcedure('NL', { policeFirst: 'yes', police: { name: 'Police', email: 'police@police.example.com' } }));
    const other = await scene.notices.report(makeReport('https://secret-host.example.org/2'), ANALYST);
    await go(scene, DAY_MS);
    await go(scene, 7 * DAY_MS);
    expect((await scene.notices.find(other.id)).notices.map(({ scope }) => scope)).toContain('network');
  });

  it('nothing is sent to a contact that nobody approved, that a person refused, or for a country of another authority', async () => {
    const scene = await setScene();
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await go(scene, DAY_MS);
    expect([(await notices.find(id)).state, scene.mail.received.length]).toEqual(['waiting_contact', 0]);
    const network = (await notices.find(id)).contacts.find(({ contact }) => contact.scope === 'network');
    await notices.refuseContact(network?.id ?? '', ANALYST);
    const registrar = (await notices.find(id)).contacts.find(({ contact }) => contact.scope === 'registrar');
    await notices.approveContact(registrar?.id ?? '', ANALYST);
    await scene.advance();
    expect(toOf(scene)).toEqual(['abuse@registrar.example.com']);
    scene.places.set('fr.example.org', makeClaim('fr.example.org', 'FR'));
    const abroad = await notices.report(makeReport('https://fr.example.org/'), ANALYST);
    await go(scene, DAY_MS);
    expect((await notices.find(abroad.id)).notices[0]?.format).toBe('handover');
  });

  it('with `each`, a person reads the first notice to each; reminders follow by themselves', async () => {
    const scene = await setScene({ config: { noticesApprove: 'each' } });
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    const report = await notices.find(id);
    expect([report.state, report.waitsFor, scene.mail.received.length]).toEqual(['drafted', 'draft', 0]);
    await notices.approve(report.notices[0]?.id ?? '', ANALYST);
    await scene.advance();
    await go(scene, DAY_MS);
    expect(scene.mail.received).toHaveLength(2);
    expect((await notices.find(id)).state).toBe('reminded');
  });

  it('what was approved is not sent when its contact is refused, or the police must come first, before it leaves', async () => {
    const scene = await setScene({ config: { noticesApprove: 'each' } });
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    const [draft] = (await notices.find(id)).notices;
    await notices.approve(draft?.id ?? '', ANALYST);
    scene.procedures.set('NL', makeProcedure('NL', { policeFirst: 'yes' }));
    await scene.advance();
    expect([(await notices.find(id)).state, scene.mail.received.length]).toEqual(['waiting_police', 0]);
    await notices.refuseContact(draft?.contactId ?? '', ANALYST);
    await notices.policeAgreed(id, ANALYST);
    await scene.advance();
    expect([(await notices.find(id)).waitsFor, scene.mail.received.length]).toEqual(['contact', 0]);
    await notices.withdraw(draft?.id ?? '', ANALYST);
    await scene.advance();
    expect((await notices.find(id)).notices.at(-1)?.scope).toBe('registrar');
  });

  it('a delivery network first, and only for those who declared that', async () => {
    for (const deliveryNetworks of [true, false]) {
      const scene = await setScene({ authority: { ...AUTHORITY, deliveryNetworks } });
      const contacts = [makeContact('cdn', 'abuse@cdn.example.com'), makeContact('registrar', 'abuse@registrar.example.com')];
      scene.places.set('edge.example.org', makeClaim('edge.example.org', null, { origin: 'edge_origin_unknown', contacts }));
      const { id } = await scene.notices.report(makeReport('https://edge.example.org/x'), ANALYST);
      await approveAll(scene, id);
      await go(scene, DAY_MS);
      expect(toOf(scene)).toEqual(deliveryNetworks ? ['abuse@cdn.example.com'] : []);
    }
  });

  it('what moved to another country is withdrawn, and begins anew there', async () => {
    const scene = await setScene({ config: { noticesApprove: 'each' } });
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    const [draft] = (await notices.find(id)).notices;
    await notices.approve(draft?.id ?? '', ANALYST);
    scene.places.set('secret-host.example.org', makeClaim('secret-host.example.org', 'DE'));
    scene.procedures.set('DE', makeProcedure('DE', { policeFirst: 'yes' }));
    await scene.advance();
    expect(scene.mail.received).toEqual([]);
    expect(await notices.find(id)).toMatchObject({ country: 'DE', state: 'waiting_police', notices: [] });
    await go(scene, DAY_MS);
    expect((await notices.find(id)).state).toBe('waiting_police');
    expect(await words(scene, id)).toContain('moved');
  });

  it('what cannot be traced again is not sent, and is tried again', async () => {
    const scene = await setScene();
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    const place = scene.places.get('secret-host.example.org');
    scene.places.clear();
    await go(scene, DAY_MS);
    expect((await scene.notices.find(id)).waitsFor).toBe('trace');
    if (place !== undefined) scene.places.set('secret-host.example.org', place);
    await go(scene, HOUR_MS);
    expect(toOf(scene)).toEqual(['abuse@network.example.net']);
  });

  it('reports of one host go together when the first has waited; the same address twice is one', async () => {
    const scene = await setScene();
    const { notices } = scene;
    const first = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, first.id);
    await go(scene, 20 * HOUR_MS);
    await notices.report(makeReport('https://secret-host.example.org/second'), ANALYST);
    const again = await notices.report(makeReport(`${SECRET}#again`), ANALYST);
    expect([again.state, again.outcome, again.duplicateOf]).toEqual(['closed', 'duplicate', first.id]);
    await go(scene, 4 * HOUR_MS);
    expect(scene.mail.received).toHaveLength(1);
    expect((await notices.find(first.id)).notices[0]?.reportIds).toHaveLength(2);
  });

  it('two at once about one address are one report', async () => {
    const scene = await setScene();
    const made = await Promise.all(Array.from({ length: 8 }, () => scene.notices.report(makeReport(SECRET), ANALYST)));
    expect(made.filter(({ duplicateOf }) => duplicateOf === null)).toHaveLength(1);
  });
});

describe('what is not sure', () => {
  it('broken off between record and answer it is unknown, never sent again by itself, and a person decides', async () => {
    const scene = await setScene();
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    scene.mail.behave({ message: 'hang_up' });
    await go(scene, DAY_MS);
    expect((await notices.find(id)).waitsFor).toBe('unknown');
    scene.mail.behave({});
    await go(scene, 30 * DAY_MS);
    expect(scene.mail.received).toHaveLength(1);
    const [notice] = (await notices.find(id)).notices;
    await notices.settleUnknown(notice?.id ?? '', false, ANALYST);
    await scene.advance();
    expect(scene.mail.received).toHaveLength(2);
    const ids = scene.mail.received.map(({ raw }) => /^Message-ID: (.+)$/im.exec(raw.toString())?.[1]);
    expect(ids[0]).toBe(ids[1]);
  });

  it('a process that ended while it was sending leaves an unknown notice', async () => {
    const scene = await setScene({ config: { noticesApprove: 'each' } });
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    await sql`update international.notice set state = 'queued', sending_at = now()`.execute(scene.db.database.sql);
    await (await scene.restart()).advance(new AbortController().signal);
    const report = await scene.notices.find(id);
    expect([report.notices[0]?.state, report.waitsFor, scene.mail.received.length]).toEqual(['unknown', 'unknown', 0]);
  });

  it('"later" is tried again with the same Message-ID; a refusal goes to the next', async () => {
    const scene = await setScene();
    const { notices } = scene;
    const { id } = await notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    scene.mail.behave({ recipient: 451 });
    await go(scene, DAY_MS);
    expect((await notices.find(id)).notices[0]?.state).toBe('approved');
    scene.mail.behave({ recipient: 550 });
    await go(scene, 5 * 60_000);
    const report = await notices.find(id);
    // Nobody is left who could be told by mail.
    expect(report.notices.map(({ scope, state }) => `${scope} ${state}`)).toEqual(['network failed', 'registrar failed', 'hotline draft']);
  });

  it('two nodes at once send once', async () => {
    const scene = await setScene();
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    scene.clock.advance(DAY_MS);
    const other = await scene.restart();
    await Promise.all([scene.advance(), other.advance(new AbortController().signal), scene.advance()]);
    expect(scene.mail.received).toHaveLength(1);
  });
});

describe('replies', () => {
  async function setSent(): Promise<{
    scene: NoticesScene;
    id: string;
    reply: (lines: readonly string[], headers?: readonly string[]) => Promise<string | null>;
  }> {
    const scene = await setScene();
    const { id } = await scene.notices.report(makeReport(SECRET), ANALYST);
    await approveAll(scene, id);
    await go(scene, DAY_MS);
    const messageId = (await scene.notices.find(id)).notices[0]?.messageId ?? '';
    let count = 0;
    return {
      scene,
      id,
      async reply(lines, headers = []) {
        const head = [
          `Message-ID: <r${count++}@network.example.net>`,
          `In-Reply-To: <${messageId}>`,
          'From: abuse@network.example.net',
          'Subject: Re',
          ...headers,
        ];
        return (await scene.notices.receive({ raw: Buffer.from([...head, '', ...lines, ''].join('\r\n')) })).matched;
      },
    };
  }

  it('an explicit outcome closes; the same message twice is one', async () => {
    const { scene, id, reply } = await setSent();
    expect(await reply(['OUTCOME: removed'])).not.toBeNull();
    expect(await scene.notices.find(id)).toMatchObject({ state: 'closed', outcome: 'removed' });
    await go(scene, 30 * DAY_MS);
    expect(scene.mail.received).toHaveLength(1);
  });

  it('words wait for a person, who lets the ladder go on or ends it', async () => {
    const { scene, id, reply } = await setSent();
    await reply(['We look into it.']);
    await go(scene, 30 * DAY_MS);
    const report = await scene.notices.find(id);
    expect([report.waitsFor, report.hasReplyWaiting, scene.mail.received.length]).toEqual(['reply', true, 1]);
    const waiting = report.replies[0]?.id ?? '';
    expect((await scene.notices.readReply(waiting, 'key_boss')).text).toContain('We look into it.');
    await scene.notices.settleReply(waiting, null, ANALYST);
    await scene.advance();
    expect(scene.mail.received).toHaveLength(2);
    await reply(['OUTCOME: not illegal']);
    expect((await scene.notices.find(id)).outcome).toBeNull();
    await scene.notices.settleReply((await scene.notices.find(id)).replies[1]?.id ?? '', 'not_illegal', ANALYST);
    expect((await scene.notices.find(id)).outcome).toBe('not_illegal');
  });

  it('an out-of-office note changes nothing; a message that refers to nothing is kept for a person', async () => {
    const { scene, id, reply } = await setSent();
    await reply(['I am away.'], ['Auto-Submitted: auto-replied']);
    expect((await scene.notices.find(id)).waitsFor).toBeNull();
    const { matched } = await scene.notices.receive({ raw: Buffer.from('Message-ID: <x@example.com>\r\nSubject: hello\r\n\r\nOUTCOME: removed\r\n') });
    expect([matched, (await scene.notices.strayReplies()).length]).toEqual([null, 1]);
    expect((await scene.notices.find(id)).outcome).toBeNull();
  });
});
