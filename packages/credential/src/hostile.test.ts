import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mdocCases } from '../test/hostile-mdoc.ts';
import type { HostileCase } from '../test/hostile-scene.ts';
import { openid4vpCases, sdJwtCases } from '../test/hostile-sd-jwt.ts';
import { CredentialError, REFUSALS } from './errors.ts';
import { createTrustStore, verifyPresentation, type PostSession, type TrustAnchor } from './index.ts';

const CORPUS = new URL('../../../fixtures/credential/hostile/', import.meta.url);
const SETS = { mdoc: mdocCases(), 'sd-jwt': sdJwtCases(), openid4vp: openid4vpCases() };

interface Judged {
  readonly session: PostSession;
  readonly response: { readonly vpToken: unknown; readonly state: string };
  readonly anchors: readonly TrustAnchor[];
  readonly now: Date;
}

async function judge({ session, response, anchors, now }: Judged): Promise<string> {
  try {
    await verifyPresentation(session, { kind: 'direct_post', ...response }, { trust: createTrustStore(anchors), now });
    return 'accepted';
  } catch (error) {
    return error instanceof CredentialError ? error.code : `another error: ${String(error)}`;
  }
}

describe.each(Object.entries(SETS))('hostile presentations, made anew: %s', (_set, cases) => {
  it.each(cases.map((one) => [one.id, one.about, one] as const))('%s: %s', async (_id, _about, one) => {
    expect(await judge(one)).toBe(one.expect);
  });
});

interface FiledCase {
  readonly id: string;
  readonly about: string;
  readonly expect: string;
  readonly now: string;
  readonly session: PostSession;
  readonly response: { readonly vp_token: unknown; readonly state: string };
  readonly trust_anchors: readonly {
    readonly certificate: string;
    readonly document_types: readonly string[] | 'any';
    readonly valid_from?: string;
    readonly valid_to?: string;
  }[];
}

function toFile({ id, about, expect: code, session, response, anchors, now }: HostileCase): FiledCase {
  return {
    id,
    about,
    expect: code,
    now: now.toISOString(),
    session,
    response: { vp_token: response.vpToken, state: response.state },
    trust_anchors: anchors.map(({ certificate, documentTypes, validFrom, validTo }) => ({
      certificate: Buffer.from(certificate).toString('base64'),
      document_types: documentTypes,
      ...(validFrom === undefined ? {} : { valid_from: validFrom.toISOString() }),
      ...(validTo === undefined ? {} : { valid_to: validTo.toISOString() }),
    })),
  };
}

// `GATEHOUSE_WRITE_CORPUS=1 npx vitest run packages/credential/src/hostile.test.ts` publishes a new one: keys are drawn anew each time.
if (process.env['GATEHOUSE_WRITE_CORPUS'] === '1') {
  for (const [set, cases] of Object.entries(SETS)) {
    const folder = new URL(`${set}/`, CORPUS);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const one of cases) writeFileSync(new URL(`${one.id}.json`, folder), `${JSON.stringify(toFile(one), null, 1)}\n`);
  }
}

describe.each(Object.keys(SETS))('the published corpus: %s', (set) => {
  const files = readdirSync(new URL(`${set}/`, CORPUS));
  it('has every case', () => {
    expect(files.toSorted()).toEqual(SETS[set as keyof typeof SETS].map(({ id }) => `${id}.json`).toSorted());
  });

  it.each(files)('%s', async (file) => {
    const filed = JSON.parse(readFileSync(new URL(`${set}/${file}`, CORPUS), 'utf8')) as FiledCase;
    const anchors = filed.trust_anchors.map(({ certificate, document_types: documentTypes, valid_from: from, valid_to: to }, at) => ({
      id: String(at),
      certificate: Buffer.from(certificate, 'base64'),
      documentTypes,
      source: 'corpus',
      ...(from === undefined ? {} : { validFrom: new Date(from) }),
      ...(to === undefined ? {} : { validTo: new Date(to) }),
    }));
    const response = { vpToken: filed.response.vp_token, state: filed.response.state };
    expect(await judge({ session: filed.session, response, anchors, now: new Date(filed.now) })).toBe(filed.expect);
  });
});

it('every way of refusing a presentation is in the corpus, but for those that other tests cover', () => {
  const covered = new Set(Object.values(SETS).flatMap((cases) => cases.map(({ expect: code }) => code)));
  const elsewhere = Object.keys(REFUSALS).filter((code) => !covered.has(code as never));
  expect(
    elsewhere.filter(
      (code) => !/^(status_list_|status_revoked|status_suspended|response_|device_mac$|cbor_too_large|cbor_unsupported|chain_key$|device_auth)/.test(code),
    ),
  ).toEqual([]);
});
