import { describe, expect, it } from 'vitest';
import { expectSafePage, HOSTILE, PERSON, withRights } from '../../test/support/markup.ts';
import { EMPTY_IMPORT, renderImportPage, renderReportPage } from './import-page.tsx';
import { renderConfirmPage } from './confirm-page.tsx';
import { renderListPage, renderListsPage } from './list-page.tsx';
import type { ListView } from './schema.ts';
import type { EntryPage, ImportReport, VersionView } from './schema-changes.ts';
import { renderDifferencePage, renderVersionsPage } from './version-page.tsx';

const ID = 'list_01jdk2m3n4p5q6r7s8t9v0w1x2';
const AT = '2026-11-25T12:00:00.000Z';
const LIST: ListView = {
  id: ID,
  name: HOSTILE,
  source: HOSTILE,
  state: 'active',
  radius: 31,
  qualityFloor: 50,
  disposition: 'hold',
  entries: { pdq: 12, md5: 0, sha1: 0, sha256: 1 },
  disabledEntries: 1,
  createdAt: AT,
  changedAt: AT,
  listSetVersion: 7,
};
const PAGE: EntryPage = {
  listId: ID,
  listSetVersion: 7,
  next: 3,
  entries: [
    { entry: 1, signal: 'pdq', state: 'active', maskedValue: HOSTILE, reference: HOSTILE },
    { entry: 2, signal: 'md5', state: 'disabled', maskedValue: 'a1b2…' },
    { entry: 3, signal: 'md5', state: 'withdrawn', maskedValue: 'a1b2…' },
  ],
};
const REPORT: ImportReport = {
  listId: ID,
  listSetVersion: 7,
  isChanged: true,
  format: 'csv',
  lines: 30,
  added: 24,
  restored: 0,
  unchanged: 3,
  repeated: 1,
  withdrawn: 0,
  bad: 2,
  badLines: [{ line: 3, reason: HOSTILE }],
  suspicious: 0,
  warnings: [HOSTILE],
  durationMs: 12,
};
const VERSION: VersionView = {
  listSetVersion: 7,
  at: AT,
  actor: HOSTILE,
  kind: 'import',
  listId: ID,
  listName: HOSTILE,
  added: 24,
  restored: 0,
  withdrawn: 2,
  disabled: 0,
  enabled: 0,
};

describe('pages of lists', () => {
  it.each([
    ['lists', renderListsPage({ lists: [LIST], listSetVersion: 7 }, PERSON)],
    ['no lists', renderListsPage({ lists: [], listSetVersion: 0 }, PERSON)],
    ['list', renderListPage({ list: LIST, page: PAGE, after: 0, errors: [{ at: 'name', message: HOSTILE }] }, PERSON)],
    ['confirm', renderConfirmPage(LIST, 'disable', PERSON)],
    [
      'import',
      renderImportPage(
        { lists: [LIST], form: { ...EMPTY_IMPORT, name: HOSTILE, list: HOSTILE, type: HOSTILE }, errors: [{ at: 'file', message: HOSTILE }] },
        PERSON,
      ),
    ],
    ['report', renderReportPage(REPORT, LIST, PERSON)],
    ['versions', renderVersionsPage({ versions: [VERSION], current: 7, next: 3, isFirstPage: true }, PERSON)],
    ['difference', renderDifferencePage({ from: HOSTILE, to: HOSTILE, errors: [{ at: 'from', message: HOSTILE }], difference: undefined }, PERSON)],
  ])('%s: whatever a list is called, it stays text', (_name, markup) => expectSafePage(markup));

  it('offer changes only to whoever may make them', () => {
    const markup = renderListPage({ list: LIST, page: PAGE, after: 0 }, withRights('lists:read'));
    expect(markup).not.toMatch(/<main.*<form.*<\/main>/s);
    expect(markup).not.toContain('/disable');
    expect(renderListsPage({ lists: [LIST], listSetVersion: 7 }, withRights('lists:read'))).not.toContain('button-primary');
  });

  it('offer to disable what is in force, to enable what is disabled, and nothing for what the source withdrew', () => {
    const markup = renderListPage({ list: LIST, page: PAGE, after: 0 }, PERSON);
    expect(markup).toContain('/entries/1/disable');
    expect(markup).toContain('/entries/2/enable');
    expect(markup).not.toContain('/entries/3/');
  });

  it('say in a difference what changed of the settings', () => {
    const before = { name: 'a', source: '', state: 'active', radius: 31, qualityFloor: 50, disposition: 'hold' } as const;
    const { at: _at, actor: _actor, kind: _kind, listSetVersion: _version, ...counts } = VERSION;
    const markup = renderDifferencePage(
      {
        from: '1',
        to: '7',
        errors: [],
        difference: { from: 1, to: 7, lists: [{ ...counts, change: 'changed', before, after: { ...before, radius: 20, state: 'disabled' } }] },
      },
      PERSON,
    );
    expect(markup).toContain('state: active → disabled; radius: 31 → 20');
    expect(markup).toContain('24 added, 2 withdrawn');
  });

  it('keep the way to disabling behind a question', () => {
    expect(renderListPage({ list: LIST, page: PAGE, after: 0 }, PERSON)).toContain(`<a class="button button-warning" href="/console/lists/${ID}/disable"`);
    expect(renderConfirmPage(LIST, 'disable', PERSON)).toContain('13 entries stop matching within a second');
  });
});
