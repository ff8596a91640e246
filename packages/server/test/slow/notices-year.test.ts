/**
 * A year of 2,000 reports in 84 countries (`GATEHOUSE_TEST_YEAR=full`; in the ordinary run its first weeks with 300 reports), hour by hour, through the
 * real service, database and mail server, compared at every hour with a second ladder that shares no code with it: every mail (time, recipient, number,
 * reports), every outcome and its time. Each XARF report is held against the official schema.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { sql } from 'kysely';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ANALYST, HOUR_MS, setNoticesScene, type NoticesScene } from '../support/notices-scene.ts';
import { keyOf, YearModel, type ModelSend } from '../support/notices-year-model.ts';
import * as world from '../support/notices-year-world.ts';

const SCHEMAS = join(import.meta.dirname, '../../src/international/notices/formats/data');
const BASE = 'https://xarf.org/schemas/v4/types/';
const DOMAIN = '@hotline.example.org';

let scene: NoticesScene;
let isOfficial: (type: string, report: unknown) => boolean;
const model = new YearModel(world.placeOf, new Map(Array.from({ length: world.COUNTRIES }, (_none, i) => [world.countryOf(i), world.procedureOf(i)])));
const idOf = new Map<number, string>();
const numberOf = new Map<string, number>();
const visits = new Map<number, number>();
const counts: Record<string, number> = {};
const count = (word: string): void => void (counts[word] = (counts[word] ?? 0) + 1);

interface Sent extends ModelSend {
  readonly messageId: string;
  readonly noticeId: string;
  readonly tick: number;
}
interface Due {
  readonly sent: Sent;
  readonly kind: world.YearReply['kind'];
}
const now = { tick: 0 };
const dueReplies = new Map<number, Due[]>();
const unread: Due[] = [];

beforeAll(async () => {
  scene = await setNoticesScene({ start: world.START, authority: world.AUTHORITY, ladder: world.LADDER, config: { noticesGroupHours: world.GROUP_HOURS } });
  for (let i = 0; i < world.COUNTRIES; i++) scene.procedures.set(world.countryOf(i), world.procedureOf(i));
  scene.places.get = (name) => world.placeOf(Number(/^host-(\d+)\./.exec(name)?.[1]), now.tick);
  scene.mail.behave({ refuses: { has: world.isRefused } as unknown as ReadonlySet<string> });
  const ajv = new Ajv2020({ strict: false });
  for (const [name, schema] of Object.entries({
    uuid: z.uuid(),
    email: z.email(),
    hostname: z.hostname(),
    ipv4: z.ipv4(),
    ipv6: z.ipv6(),
    'date-time': z.iso.datetime({ offset: true }),
  }))
    ajv.addFormat(name, (text: string) => schema.safeParse(text).success);
  ajv.addFormat('uri', (text: string) => URL.canParse(text));
  for (const name of ['xarf-core', 'content-base', 'content-csam', 'content-csem'])
    ajv.addSchema(JSON.parse(await readFile(join(SCHEMAS, `${name}.json`), 'utf8')) as object);
  isOfficial = (type, report) => ajv.getSchema(`${BASE}${type}.json`)?.(report) === true;
}, 120_000);

afterAll(async () => {
  const out = process.env['GATEHOUSE_TEST_OUT'];
  if (out !== undefined) {
    await mkdir(out, { recursive: true });
    await writeFile(join(out, 'notices-year.json'), JSON.stringify(counts, undefined, 2));
  }
  await scene.dispose();
});

async function reportAll(tick: number, reports: readonly world.YearReport[]): Promise<void> {
  for (const about of reports) {
    model.report(about);
    const input = { url: about.url, classification: about.isAssessed ? 'baseline' : 'not_assessed', basis: 'Example Act', detection: 'manual_review' } as const;
    const made = await scene.notices.report({ ...input, mediaType: 'image' }, ANALYST);
    idOf.set(about.number, made.id);
    numberOf.set(made.id, about.number);
    expect([made.outcome, made.country], `report ${about.number}`).toEqual([
      model.reports[about.number]?.outcome,
      made.duplicateOf === null ? world.placeOf(about.host, tick).country : null,
    ]);
  }
}

const OUTCOME_LINE = { removed: 'OUTCOME: removed', unavailable: 'OUTCOME: unavailable', 'not illegal': 'OUTCOME: not illegal' } as const;

function writeReply({ sent, kind }: Due): Buffer {
  const head = [`Message-ID: <re-${sent.messageId}>`, `From: ${sent.to}`, 'Subject: Re: notice'];
  const inReply = `In-Reply-To: <${sent.messageId}>`;
  if (kind === 'automatic') return Buffer.from([...head, inReply, 'Auto-Submitted: auto-replied', '', 'Away.', ''].join('\r\n'));
  if (kind !== 'bounce') return Buffer.from([...head, inReply, '', kind === 'words' ? 'We look into it.' : OUTCOME_LINE[kind], ''].join('\r\n'));
  const status = [
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    `Final-Recipient: rfc822; ${sent.to}`,
    'Action: failed',
    'Status: 5.1.1',
    '',
  ];
  const original = ['Content-Type: text/rfc822-headers', '', `Message-ID: <${sent.messageId}>`, ''];
  const parts = [['Content-Type: text/plain', '', 'It could not be delivered.', ''], status, original].map((part) => `--b\r\n${part.join('\r\n')}`);
  return Buffer.from(
    [...head, 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', '', ...parts, '--b--', ''].join('\r\n'),
  );
}

const keyOfSent = ({ to, reports }: Sent): string => {
  const claim = model.reports[reports[0] ?? 0]?.claim;
  return keyOf(
    model.contactsOf(claim ?? world.placeOf(0, 0)).find(({ email }) => email === to) ?? {
      scope: 'host',
      name: '',
      email: to,
      url: null,
      source: '',
      retrievedAt: '',
      problem: null,
    },
  );
};

async function receiveAll(tick: number): Promise<void> {
  for (const due of dueReplies.get(tick) ?? []) {
    const { sent, kind } = due;
    expect((await scene.notices.receive({ raw: writeReply(due) })).matched).toBe(sent.noticeId);
    count(`reply ${kind}`);
    const isPolice = sent.to.includes('@police');
    if (kind === 'removed' || kind === 'unavailable') model.close(sent.reports, kind);
    else if (kind === 'bounce') model.bounce({ reports: sent.reports, key: sentKeys.get(sent.noticeId) ?? '', isPolice, sent: sent.tick });
    else if (kind !== 'automatic') {
      model.pause({ reports: sent.reports, sent: sent.tick }, due);
      unread.push(due);
    }
  }
}
const sentKeys = new Map<string, string>();

async function settleReplies(): Promise<void> {
  for (const due of unread.splice(0)) {
    const { replies } = await scene.notices.find(idOf.get(due.sent.reports[0] ?? -1) ?? '');
    const reply = replies.find(({ noticeId, handledAt }) => noticeId === due.sent.noticeId && handledAt === null);
    const outcome = world.settlementOf(due.kind);
    await scene.notices.settleReply(reply?.id ?? '', outcome, ANALYST);
    model.resume(due);
    if (outcome !== null) model.close(due.sent.reports, outcome);
  }
}

async function listWaiting(waits: 'contact' | 'hand' | 'police'): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`select id from international.hosted_report where waits_for = ${waits} and closed_at is null order by id`.execute(
    scene.db.database.sql,
  );
  const numbers = rows.map(({ id }) => numberOf.get(id) ?? -1).toSorted((a, b) => a - b);
  const expected = model.open().flatMap(({ wait, about }) => (wait === waits ? [about.number] : []));
  expect(numbers, `who waits for ${waits}`).toEqual(expected);
  return rows.map(({ id }) => id);
}

async function visitPersons(tick: number): Promise<void> {
  const hour = tick % 24;
  if (hour === world.HOURS.replies) await settleReplies();
  if (hour === world.HOURS.contacts) {
    for (const id of await listWaiting('contact'))
      for (const { id: contactId, contact, decision } of (await scene.notices.find(id, { seesUrls: true })).contacts) {
        if (decision !== null || contact.email === null || contact.problem !== null) continue;
        if (world.isRefusedByPerson(contact.email)) await scene.notices.refuseContact(contactId, ANALYST);
        else await scene.notices.approveContact(contactId, ANALYST);
        count('contact decided');
      }
    model.approve();
  }
  if (hour === world.HOURS.sheets) {
    for (const id of await listWaiting('hand'))
      for (const { id: noticeId, state } of (await scene.notices.find(id)).notices) {
        if (state !== 'draft') continue;
        await scene.notices.approve(noticeId, ANALYST);
        count('sheet handed over');
      }
    model.handOver();
  }
  if (hour === world.HOURS.police) {
    for (const id of await listWaiting('police')) {
      const number = numberOf.get(id) ?? -1;
      visits.set(number, (visits.get(number) ?? 0) + 1);
      if (visits.get(number) !== world.visitsUntilPolice(number)) continue;
      await scene.notices.policeAgreed(id, ANALYST);
      count('police agreed');
    }
    model.visitPolice();
  }
}

/** What the product asks first in each turn; asked here, so that empty turns cost little. */
async function isAnythingDue(): Promise<boolean> {
  const { rows } = await sql<{ isDue: boolean }>`
    select exists (select 1 from international.hosted_report where closed_at is null and next_at <= ${scene.clock.now()}) as "isDue"`.execute(
    scene.db.database.sql,
  );
  return rows[0]?.isDue ?? false;
}

const described = ({ to, sequence, reports }: ModelSend): string => `${to} #${sequence}: ${[...reports].toSorted((a, b) => a - b).join(',')}`;

async function readSent(tick: number, from: number): Promise<Sent[]> {
  const mails = scene.mail.received.slice(from);
  const sent: Sent[] = [];
  for (const { raw, to } of mails) {
    const messageId = new RegExp(`^Message-ID: <([0-9a-f]+${DOMAIN})>`, 'm').exec(raw.toString())?.[1] ?? '';
    const { rows } = await sql<{ id: string; sequence: number; reports: string[] }>`
      select n.id, n.sequence, array_agg(l.report_id) as reports from international.notice n join international.notice_report l on l.notice_id = n.id
      where n.message_id = ${messageId} group by 1, 2`.execute(scene.db.database.sql);
    const [row] = rows;
    sent.push({
      messageId,
      noticeId: row?.id ?? '',
      tick,
      to: to[0] ?? '',
      sequence: row?.sequence ?? -1,
      reports: (row?.reports ?? []).map((id) => numberOf.get(id) ?? -1),
    });
    await checkMail(raw, row?.reports ?? []);
  }
  return sent;
}

/** It names the addresses that it is about and no others, and what machines read is valid. */
async function checkMail(raw: Buffer, reports: readonly string[]): Promise<void> {
  const mail = await PostalMime.parse(raw);
  const urls = [...(mail.text ?? '').matchAll(/hxxps:\/\/(host-\d+\.example\.org\/item-\d+)$/gm)].map(([, rest]) => `https://${rest}`);
  expect(urls.toSorted()).toEqual(reports.map((id) => model.reports[numberOf.get(id) ?? -1]?.about.url).toSorted());
  expect(mail.subject).not.toMatch(/example/);
  for (const { mimeType, content } of mail.attachments) {
    if (mimeType !== 'application/json') continue;
    const body = JSON.parse(typeof content === 'string' ? content : new TextDecoder().decode(content)) as Record<string, unknown>;
    if (!('xarf_version' in body)) continue;
    expect(isOfficial(`content-${String(body['type'])}`, body), JSON.stringify(body)).toBe(true);
    count('XARF reports valid');
  }
}

function schedule(sent: Sent): void {
  sentKeys.set(sent.noticeId, keyOfSent(sent));
  const reply = world.replyTo(sent.to, { first: Math.min(...sent.reports), sequence: sent.sequence });
  if (reply === undefined) return;
  const at = sent.tick + reply.afterTicks;
  dueReplies.set(at, [...(dueReplies.get(at) ?? []), { sent, kind: reply.kind }]);
}

test('the ladder and its second telling agree at every hour', { timeout: 3_600_000 }, async () => {
  const byTick = new Map<number, world.YearReport[]>();
  for (const about of world.listReports()) byTick.set(about.tick, [...(byTick.get(about.tick) ?? []), about]);
  for (let tick = 0; tick < world.TICKS; tick++) {
    model.begin(tick);
    now.tick = tick;
    await reportAll(tick, byTick.get(tick) ?? []);
    await receiveAll(tick);
    await visitPersons(tick);
    const before = scene.mail.received.length;
    const done = (await isAnythingDue()) ? await scene.advance() : { sent: 0 };
    const expected = model.advance();
    const sent = await readSent(tick, before);
    expect(sent.map(described).toSorted(), `tick ${tick}`).toEqual(expected.map(described).toSorted());
    expect(done.sent).toBe(sent.length);
    for (const one of sent) {
      schedule(one);
      count(one.sequence === 1 ? 'first notices' : 'reminders');
    }
    scene.clock.advance(HOUR_MS);
  }
  await compareOutcomes();
});

async function compareOutcomes(): Promise<void> {
  const { rows } = await sql<{ id: string; outcome: string | null; closedAt: Date | null }>`
    select id, outcome, closed_at as "closedAt" from international.hosted_report`.execute(scene.db.database.sql);
  const real = rows
    .map(({ id, outcome, closedAt }) => ({
      number: numberOf.get(id) ?? -1,
      outcome,
      tick: closedAt === null ? null : (closedAt.getTime() - world.START.getTime()) / HOUR_MS,
    }))
    .toSorted((a, b) => a.number - b.number);
  expect(real).toEqual(model.reports.map(({ about, outcome, closedTick }) => ({ number: about.number, outcome, tick: closedTick })));
  for (const { outcome } of real) count(`outcome ${outcome ?? 'open'}`);
  expect(real).toHaveLength(world.REPORTS);
  // None of the kinds that this is about may be missing from it.
  const kinds = [
    'first notices',
    'reminders',
    'sheet handed over',
    'police agreed',
    'reply bounce',
    'reply words',
    'outcome duplicate',
    'outcome removed',
    'outcome no_answer',
    'outcome not_illegal',
    'XARF reports valid',
  ];
  expect(kinds.filter((kind) => (counts[kind] ?? 0) < (world.IS_FULL ? 10 : 1))).toEqual([]);
  const { rows: moved } = await sql<{ count: number }>`select count(*) as count from international.notice_event where change = 'moved'`.execute(
    scene.db.database.sql,
  );
  counts['moved'] = moved[0]?.count ?? 0;
  expect(counts['moved']).toBeGreaterThanOrEqual(world.IS_FULL ? 5 : 1);
}
