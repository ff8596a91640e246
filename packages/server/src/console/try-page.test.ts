import { stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { expectSafePage, HOSTILE, PERSON, withRights } from '../../test/support/markup.ts';
import { renderOverview } from './overview-page.tsx';
import { listSamples, openDemonstrationList, openSample } from './samples.ts';
import type { Attempt, Overview } from './schema.ts';
import { renderResultsPage, renderTryPage } from './try-page.tsx';

const REPLY: Extract<Attempt, { kind: 'screened' }>['reply'] = {
  id: 'scn_01jdk2m3n4p5q6r7s8t9v0w1x2',
  sizeBytes: 1234,
  sha256: 'a'.repeat(64),
  disposition: 'release',
  message: HOSTILE,
  verdict: 'clear',
  explanation: HOSTILE,
  hits: [],
  hitCount: 0,
  listSetVersion: 7,
  engineVersion: '1',
  timings: { waitMs: 0, decodeMs: 1, hashMs: 1, matchMs: 1, totalMs: 3 },
};
const OVERVIEW: Overview = {
  lists: { activeLists: 0, entries: 0, listSetVersion: 0, changedAt: undefined },
  uploads: { released: 1, held: 2, refused: 3, waiting: 4, oldestWaitingAt: undefined },
  health: [{ title: 'Lists', isWell: false, finding: HOSTILE }],
  publicUrl: `http://${HOSTILE}`,
  canTryAge: true,
};

describe('try-it', () => {
  it('is safe and has everything for a newcomer', () => {
    const markup = renderTryPage({ demonstration: { state: 'absent' }, samples: listSamples() }, PERSON);
    expectSafePage(markup);
    for (const words of ['Load the demonstration list', 'Try all 6 samples', 'Choose pictures, or drop them here']) expect(markup).toContain(words);
  });

  it('offers to load the list only to whoever may', () => {
    const markup = renderTryPage({ demonstration: { state: 'absent' }, samples: [] }, withRights('scan'));
    expect(markup).not.toContain('/try/demonstration');
    expect(markup).toContain('<code>lists:write</code>');
  });

  it('says what would happen with each picture, and what to do when one was not screened', () => {
    const attempts: Attempt[] = [
      { kind: 'screened', name: HOSTILE, reply: REPLY, picture: undefined },
      {
        kind: 'screened',
        name: 'b',
        reply: { ...REPLY, verdict: 'unscannable', reason: 'undecodable', disposition: 'hold' },
        picture: '/try/samples/original',
      },
      { kind: 'failed', name: HOSTILE, reason: HOSTILE, remedy: 'Try again.' },
    ];
    const markup = renderResultsPage(attempts, PERSON);
    expectSafePage(markup);
    expect(markup.match(/data-outcome="[^"]*"/g)).toEqual(['data-outcome="would be published"', 'data-outcome="would be held"', 'data-outcome="not screened"']);
  });
});

describe('the overview', () => {
  it('shows what the rights allow, and nothing else', () => {
    const markup = renderOverview(OVERVIEW, PERSON);
    expectSafePage(markup);
    expect(markup).toContain('Uploads in the last 24 hours');
    const little = renderOverview(OVERVIEW, withRights('scan'));
    for (const words of ['Uploads in the last 24 hours', 'In force', '/console/keys', '/console/health']) expect(little).not.toContain(words);
  });
});

describe('the files that come with it', () => {
  it('are six sample pictures in the order of the page, each a JPEG', async () => {
    expect(listSamples().map(({ name }) => name)).toEqual(['original', 'recompressed', 'resized', 'flipped', 'rotated', 'unrelated']);
    for (const sample of listSamples()) {
      for await (const chunk of openSample(sample) as AsyncIterable<Buffer>) {
        expect([...chunk.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
        break;
      }
    }
  });

  it('are opened only when somebody reads them: what is refused before costs no open file and no event that ends the process', async () => {
    const stream = openSample({ name: 'x', fileName: 'not-there.jpg', contentType: 'image/jpeg', title: '', about: '' });
    const faults: unknown[] = [];
    stream.on('error', (error) => faults.push(error));
    await expect(stat(new URL('data/not-there.jpg', import.meta.url))).rejects.toMatchObject({ code: 'ENOENT' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(faults).toEqual([]);
    await expect(text(stream)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('are a demonstration list of hashes, with a heading', async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of openDemonstrationList() as AsyncIterable<Buffer>) chunks.push(chunk);
    const [heading, ...lines] = Buffer.concat(chunks).toString('utf8').trim().split('\n');
    expect(heading).toBe('signal_type,value,reference');
    expect(lines.length).toBeGreaterThan(100);
  });
});
