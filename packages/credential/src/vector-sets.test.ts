/** The sets of vectors that say how something is written rather than what must be accepted; and that no file of fixtures/credential is left without a test. */
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveDisclosures } from './disclosures.ts';
import { CredentialError } from './errors.ts';
import {
  clientMetadata,
  createTrustStore,
  decodeCbor,
  encodeCbor,
  openDcApiSession,
  parseStatusList,
  readList,
  readTaggedCose,
  readVpToken,
  Tagged,
  toDcApiRequests,
  toDcql,
  listWanted,
  verifyPresentation,
  verifySdJwt,
  type CborMap,
  type CborValue,
  type DcApiSession,
  type PostSession,
  type PrivateJwk,
  type Wanted,
} from './index.ts';
import { createKeyPair, createTestAuthority, issueSdJwt, presentSdJwt, signJws, SimulatedWallet } from './simulator/index.ts';
import { readStatusReference } from './status.ts';

type Json = Record<string, unknown>;
const FIXTURES = new URL('../../../fixtures/credential/', import.meta.url);
const readText = (path: string): string => readFileSync(new URL(path, FIXTURES), 'utf8');
const readJson = (path: string): Json => JSON.parse(readText(path)) as Json;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
const NOW = new Date('2026-11-25T12:00:00Z');
/** Its certificates outlive what the vectors of status lists hold, so that it is the list that expires. */
const FAR = new Date('2049-01-01');
const authority = createTestAuthority({ now: NOW, root: { validTo: FAR }, signer: { validTo: FAR } });
const trust = createTrustStore([authority.anchor]);

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'accepted';
  } catch (error) {
    return error instanceof CredentialError ? error.code : `another error: ${String(error)}`;
  }
};

describe('the vectors of others', () => {
  interface Entry {
    readonly path: string;
    readonly sha256: string;
    readonly licence: string;
  }
  const entries = ['', 'privacy-pass/', 'blind-rsa/'].flatMap((folder) =>
    (JSON.parse(readText(`${folder}MANIFEST.json`)) as Entry[]).map((entry) => ({ ...entry, path: `${folder}${entry.path}` })),
  );
  /** Where each set is held against what its entries say. */
  const TESTS: Readonly<Record<string, string>> = {
    'annex-c': 'packages/credential/src/vectors.test.ts',
    'auth0-mdl': 'packages/credential/src/vectors.test.ts',
    'eu-av': 'packages/credential/src/vectors.test.ts',
    'iso18013-5-annex-d': 'packages/credential/src/vectors.test.ts',
    'mdoc-ts': 'packages/credential/src/vectors.test.ts',
    'eudi-verifier': 'packages/credential/src/vector-sets.test.ts',
    'openid4vp-1.0': 'packages/credential/src/vector-sets.test.ts',
    'sd-jwt-js': 'packages/credential/src/vector-sets.test.ts',
    'sd-jwt-vc': 'packages/credential/src/vector-sets.test.ts',
    'token-status-list': 'packages/credential/src/vector-sets.test.ts',
    'blind-rsa': 'packages/server/src/age/tokens/vectors.test.ts',
    'privacy-pass': 'packages/server/src/age/tokens/vectors.test.ts',
    vical: 'packages/server/src/age/trust/trust.test.ts',
  };

  it.each(entries.map((entry) => [entry.path, entry] as const))('%s is as it was', (path, entry) => {
    expect(
      createHash('sha256')
        .update(readFileSync(new URL(path, FIXTURES)))
        .digest('hex'),
    ).toBe(entry.sha256);
    expect(entry.licence).not.toBe('');
  });

  it('have no file without an entry, and no set without a test', () => {
    const sets = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !['hostile', 'differential'].includes(entry.name));
    const files = sets.flatMap(({ name }) =>
      readdirSync(new URL(`${name}/`, FIXTURES), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'MANIFEST.json')
        .map((entry) => `${entry.parentPath.slice(FIXTURES.pathname.length)}/${entry.name}`.replaceAll('//', '/').replace(/^\//, '')),
    );
    expect(files.toSorted()).toEqual(entries.map(({ path }) => path).toSorted());
    expect(Object.keys(TESTS).toSorted()).toEqual(sets.map(({ name }) => name).toSorted());
    for (const [set, test] of Object.entries(TESTS)) {
      const file = new URL(`../../../${test}`, import.meta.url);
      expect([set, existsSync(file) && readFileSync(file, 'utf8').includes(`${set}/`)]).toEqual([set, true]);
    }
  });
});

describe('token-status-list', () => {
  const compact = (name: string): string => readText(`token-status-list/${name}.md`).replaceAll(/\s+/g, '');
  const appendix = readText('token-status-list/test-vectors-appendix.md');
  const fromJson = (name: string): Buffer => Buffer.from(/"lst":"([^"]+)"/.exec(compact(name))?.[1] ?? '', 'base64url');
  const fromCbor = (name: string): CborMap => decodeCbor(Buffer.from(/encoded:([0-9a-f]+)$/.exec(compact(name))?.[1] ?? compact(name), 'hex')) as CborMap;
  const LONG = { 1: 'status_list_encoding1_long', 2: 'status_list_encoding2_long', 4: 'status_list_encoding4', 8: 'status_list_encoding8' } as const;

  it.each([1, 2, 4, 8] as const)('%i-bit list of 2^20 entries, as JSON and as CBOR', (bits) => {
    const section = appendix.slice(appendix.indexOf(`## ${bits}-bit`)).split('\n## ')[0] ?? '';
    const expected = new Map(
      [...section.matchAll(/status\[(\d+)\]\s*=\s*0b([01]+)/g)].map(([, index, value]) => [Number(index), Number.parseInt(value ?? '', 2)] as const),
    );
    expect(expected.size).toBe({ 1: 11, 2: 11, 4: 15, 8: 241 }[bits]);
    const cbor = fromCbor(`${LONG[bits]}_cbor`);
    expect(cbor.get('bits')).toBe(bits);
    for (const compressed of [fromJson(`${LONG[bits]}_json`), cbor.get('lst') as Uint8Array]) {
      const list = readList(bits, compressed);
      expect(list.size).toBe(2 ** 20);
      const others = [];
      const wrong = [];
      for (let index = 0; index < list.size; index++) {
        const value = list.valueAt(index);
        if (expected.has(index) && value !== expected.get(index)) wrong.push(index);
        if (!expected.has(index) && value !== 0) others.push(value);
      }
      expect(wrong).toEqual([]);
      // The copy of the appendix ends within its last table, after the value 240; the list holds each value up to 255 once.
      expect(others.toSorted((a, b) => a - b)).toEqual(bits === 8 ? Array.from({ length: 15 }, (_, at) => 241 + at) : []);
    }
  });

  it('the short lists', () => {
    const first = (bits: number, compressed: Uint8Array, count: number): number[] => {
      const list = readList(bits, compressed);
      expect(list.size).toBe(count);
      return Array.from({ length: count }, (_, index) => list.valueAt(index));
    };
    const short = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    const wide = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    expect(first(1, fromJson('status_list_encoding_json'), 16)).toEqual(short);
    expect(first(1, fromCbor('status_list_encoding_cbor').get('lst') as Uint8Array, 16)).toEqual(short);
    expect(first(2, fromJson('status_list_encoding2_json'), 12)).toEqual(wide);
    expect(first(2, fromCbor('status_list_encoding2_cbor').get('lst') as Uint8Array, 12)).toEqual(wide);
  });

  const URI = 'https://example.com/statuslists/1';
  const options = { trust, now: NOW, uri: URI };
  const valuesOf = (list: ReturnType<typeof parseStatusList>): number[] => Array.from({ length: 16 }, (_, index) => list.valueAt(index));

  it('the JWT: its content, signed by somebody whom we know; without a certificate it is refused', async () => {
    const token = compact('status_list_jwt_raw');
    const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('utf8'));
    expect(`${header}.${payload}`.replaceAll(/"iss":"[^"]*",/g, '')).toBe(compact('status_list_jwt').replaceAll(/"iss":"[^"]*",/g, ''));
    expect(await codeOf(() => parseStatusList(token, options))).toBe('chain_missing');
    const signJwt = (change: Json = {}): string =>
      signJws(
        { alg: 'ES256', typ: 'statuslist+jwt', x5c: [Buffer.from(authority.signer.certificate).toString('base64')] },
        { ...(JSON.parse(payload ?? '') as Json), ...change },
        authority.signer.key.privateKey,
      );
    expect(valuesOf(parseStatusList(signJwt(), options))).toEqual([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    expect(parseStatusList(signJwt(), options)).toMatchObject({ ttlS: 43_200, expiresAt: new Date(2_291_720_170_000) });
    expect(await codeOf(() => parseStatusList(signJwt(), { ...options, now: new Date(2_291_720_170_000 + 61_000) }))).toBe('status_list_expired');
    expect(await codeOf(() => parseStatusList(signJwt({ exp: NOW.getTime() / 1000 - 61 }), options))).toBe('status_list_expired');
    expect(await codeOf(() => parseStatusList(signJwt(), { ...options, uri: `${URI}0` }))).toBe('status_list_uri');
  });

  it('the CWT: the same', async () => {
    const bytes = Buffer.from(compact('status_list_cwt'), 'hex');
    const message = readTaggedCose(decodeCbor(bytes));
    expect(message.protectedHeader.get(16)).toBe('application/statuslist+cwt');
    expect(await codeOf(() => parseStatusList(bytes, options))).toBe('chain_missing');
    const payload = message.payload ?? new Uint8Array(0);
    const signCwt = (): Uint8Array => {
      const header = new Map<number, CborValue>([[33, authority.signer.certificate]]);
      const data = encodeCbor(['Signature1', message.protectedBytes, new Uint8Array(0), payload]);
      const signature = sign('sha256', data, { key: authority.signer.key.privateKey, dsaEncoding: 'ieee-p1363' });
      return encodeCbor(new Tagged(18, [message.protectedBytes, header, payload, signature]));
    };
    expect(valuesOf(parseStatusList(signCwt(), options))).toEqual([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    expect(await codeOf(() => parseStatusList(signCwt(), { ...options, now: new Date(2_291_720_170_000 + 61_000) }))).toBe('status_list_expired');
  });

  it('the token that refers to a list', () => {
    const message = readTaggedCose(decodeCbor(Buffer.from(compact('referenced_token_cwt'), 'hex')));
    const claims = decodeCbor(message.payload ?? new Uint8Array(0)) as CborMap;
    expect(readStatusReference(claims.get(65_535) as CborMap)).toEqual({ uri: URI, index: 0 });
  });

  it('the diagrams are of the same bytes', () => {
    const pairs = [
      ['referenced_token_cwt_diag', 'referenced_token_cwt'],
      ['status_list_cwt_diag', 'status_list_cwt'],
      ['status_list_encoding_cbor_diag', 'status_list_encoding_cbor'],
      ['status_list_encoding2_cbor_diag', 'status_list_encoding2_cbor'],
    ] as const;
    for (const [diagram, name] of pairs) {
      const bytes = readText(`token-status-list/${diagram}.md`)
        .split('\n')
        .map((line) => line.split('#')[0]?.trim() ?? '')
        .join('');
      expect([diagram, bytes.replaceAll(/\s+/g, '')]).toEqual([diagram, /([0-9a-f]+)$/.exec(compact(name))?.[1]]);
    }
  });
});

interface Packed {
  readonly payload: unknown;
  /** By the path of what they disclose; an outer one before what is in it. */
  readonly disclosures: { readonly path: readonly string[]; readonly text: string }[];
}

/** Issues as the frame says: `_sd` names what is disclosed selectively, other keys lead inwards. */
function pack(value: unknown, frame: unknown, path: readonly string[] = []): Packed {
  if (typeof value !== 'object' || value === null) return { payload: value, disclosures: [] };
  const names = new Set((Reflect.get(Object(frame), '_sd') as readonly (string | number)[] | undefined)?.map(String));
  const decoys = Number(Reflect.get(Object(frame), '_sd_decoy') ?? 0);
  const disclosures: Packed['disclosures'] = [];
  const digests: string[] = Array.from({ length: decoys }, () => sha256(randomBytes(16).toString('hex')));
  const inner = Object.entries(value).map(([name, item]: [string, unknown]) => {
    const packed = pack(item, Reflect.get(Object(frame), name), [...path, name]);
    if (!names.has(name)) {
      disclosures.push(...packed.disclosures);
      return [name, packed.payload] as const;
    }
    const salt = randomBytes(16).toString('base64url');
    const text = encode(Array.isArray(value) ? [salt, packed.payload] : [salt, name, packed.payload]);
    disclosures.push({ path: [...path, name], text }, ...packed.disclosures);
    if (Array.isArray(value)) return [name, { '...': sha256(text) }] as const;
    digests.push(sha256(text));
    return undefined;
  });
  const kept = inner.filter((entry) => entry !== undefined);
  if (Array.isArray(value)) return { payload: [...kept.map(([, item]) => item), ...digests.map((digest) => ({ '...': digest }))], disclosures };
  return { payload: { ...Object.fromEntries(kept), ...(digests.length === 0 ? {} : { _sd: digests.toSorted() }) }, disclosures };
}

const isWanted = (frame: unknown, [name, ...rest]: readonly string[]): boolean => {
  if (name === undefined) return frame !== undefined && frame !== false;
  return typeof frame === 'object' && frame !== null && isWanted(Reflect.get(frame, name), rest);
};

describe('sd-jwt-js', () => {
  /** The file leaves the object out that is left empty; nothing in RFC 9901 section 7.1 takes it away. */
  const EMPTY_KEPT = { is_over: {} };
  const names = readdirSync(new URL('sd-jwt-js/', FIXTURES));
  it('all of them', () => expect(names.length).toBe(17));

  it.each(names)('%s: what is presented, and nothing else', (name) => {
    const { claims, disclosureFrame, presentationFrames, presentedClaims } = readJson(`sd-jwt-js/${name}`);
    const { payload, disclosures } = pack(claims, disclosureFrame);
    const all = disclosures.map(({ text }) => text);
    expect(resolveDisclosures({ ...(payload as Json), _sd_alg: 'sha-256' }, all)).toEqual(claims);
    const presented = disclosures.filter(({ path }) => isWanted(presentationFrames, path)).map(({ text }) => text);
    const expected = name === 'array_none_disclosed.json' ? EMPTY_KEPT : presentedClaims;
    expect(resolveDisclosures({ ...(payload as Json), _sd_alg: 'sha-256' }, presented)).toEqual(expected);
  });
});

interface Specification {
  readonly claims: Json;
  readonly frame: Json;
  readonly disclosed: Json;
  readonly hasKeyBinding: boolean;
}

/** The part of YAML that these files use: maps by indentation, lists of one item, plain and quoted values, `!sd` before a key. */
function readSpecification(text: string): Specification {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const section = (name: string): string[] => {
    const start = lines.findIndex((line) => line.startsWith(`${name}:`)) + 1;
    const length = lines.slice(start).findIndex((line) => !line.startsWith(' '));
    return lines.slice(start, length === -1 ? undefined : start + length);
  };
  const scalar = (value: string): unknown => (/^'.*'$/.test(value) ? value.slice(1, -1) : /^(".*"|\d+|true|false)$/.test(value) ? JSON.parse(value) : value);
  const parse = (block: readonly string[]): { readonly value: unknown; readonly frame: Json } => {
    if (block[0]?.trim().startsWith('- ')) return { value: block.map((line) => scalar(line.trim().slice(2))), frame: {} };
    const indent = /^ */.exec(block[0] ?? '')?.[0].length ?? 0;
    const starts = block.flatMap((line, at) => (/^ */.exec(line)?.[0].length === indent && !line.trim().startsWith('- ') ? [at] : []));
    const [value, frame]: [Json, Json] = [{}, {}];
    for (const [order, at] of starts.entries()) {
      const [, mark, quoted = '', rest = ''] = /^\s*(!sd )?("[^"]+"|[\w#]+): ?(.*)$/.exec(block[at] ?? '') ?? [];
      const name = quoted.replaceAll('"', '');
      const below = block.slice(at + 1, starts[order + 1]);
      const parsed = below.length === 0 ? { value: scalar(rest), frame: {} } : parse(below);
      value[name] = parsed.value;
      if (Object.keys(parsed.frame).length > 0) frame[name] = parsed.frame;
      if (mark !== undefined) frame['_sd'] = [...((frame['_sd'] as string[] | undefined) ?? []), name];
    }
    return { value, frame };
  };
  const { value, frame } = parse(section('user_claims'));
  return {
    claims: value as Json,
    frame,
    disclosed: parse(section('holder_disclosed_claims')).value as Json,
    hasKeyBinding: text.includes('key_binding: true'),
  };
}

describe('sd-jwt-vc', () => {
  const settings = readText('sd-jwt-vc/settings.yml');
  const settingOf = (name: string): string => new RegExp(`${name}: "?([^"\\n ]+)`).exec(settings)?.[1] ?? '';
  const keyOf = (name: string): Json =>
    Object.fromEntries([...(settings.split(`${name}:`)[1] ?? '').matchAll(/\b(kty|d|crv|x|y): ([\w-]+)/g)].slice(0, 5).map(([, key, value]) => [key, value]));

  it.each(['01', '02', '03-pid'])('%s: issued as specified, presented, verified', async (name) => {
    const { claims, frame, disclosed, hasKeyBinding } = readSpecification(readText(`sd-jwt-vc/${name}/specification.yml`));
    expect((frame['_sd'] as string[]).length).toBeGreaterThan(8);
    const { d: _private, ...holder } = keyOf('holder_key');
    expect(Object.keys(holder)).toEqual(['kty', 'crv', 'x', 'y']);
    const { payload, disclosures } = pack(claims, frame);
    const times = { iat: Number(settingOf('iat')), exp: Number(settingOf('exp')) };
    const jwt = signJws(
      { alg: 'ES256', typ: 'dc+sd-jwt', x5c: [Buffer.from(authority.signer.certificate).toString('base64')] },
      { ...(payload as Json), ...times, cnf: { jwk: holder }, _sd_alg: 'sha-256' },
      authority.signer.key.privateKey,
    );
    const chosen = disclosures.filter(({ path }) => isWanted(disclosed, path));
    const credential = { jwt, disclosures: new Map(chosen.map(({ text }, at) => [String(at), text])), holder: createKeyPair() };
    const key = createPrivateKey({ key: keyOf('holder_key'), format: 'jwk' });
    const [audience, nonce] = [settingOf('verifier'), settingOf('key_binding_nonce')];
    const text = presentSdJwt(credential, { audience, nonce, now: NOW, disclose: [...credential.disclosures.keys()], twist: { key } });
    const presentation = hasKeyBinding ? text : text.slice(0, text.lastIndexOf('~') + 1);
    const expected = { audience, nonce, types: [String(claims['vct'])], trust, now: NOW };
    if (!hasKeyBinding) return expect(await codeOf(() => verifySdJwt(presentation, expected))).toBe('kb_missing');
    const ages = name === '03-pid' ? [{ age: 18, isOver: true }] : [];
    expect(verifySdJwt(presentation, expected).claims).toEqual(ages);
    expect(await codeOf(() => verifySdJwt(presentation, { ...expected, now: new Date((times.exp + 61) * 1000) }))).toBe('expired');
    return undefined;
  });
});

describe('openid4vp-1.0', () => {
  const FOLDER = 'openid4vp-1.0/';
  /** Two of the examples leave the query out with an ellipsis, which is no JSON. */
  const readExample = (path: string): Json => JSON.parse(readText(`${FOLDER}${path}.json`).replaceAll(/\{ ?\.\.\. ?\}/g, '{}')) as Json;
  interface Query {
    readonly id: string;
    readonly format: string;
    readonly meta: Readonly<Record<string, readonly string[]>>;
    readonly claims: readonly { readonly path: readonly string[] }[];
  }
  const queries = readdirSync(new URL(`${FOLDER}query_lang/`, FIXTURES)).map((file) => file.replace('.json', ''));
  const queryOf = (path: string): { readonly credentials: readonly Query[] } => readExample(path) as never;

  it('every query has what ours has, under the same names', () => {
    const ours = toDcql(listWanted({ threshold: 18, direction: 'over' }, { sdJwtTypes: ['x'] }));
    const keysOf = (value: unknown): string[] => Object.keys(value as object);
    const known = queries.flatMap((name) => queryOf(`query_lang/${name}`).credentials);
    const names = new Set(queries.flatMap((name) => keysOf(readExample(`query_lang/${name}`))));
    expect(keysOf(ours).filter((key) => !names.has(key))).toEqual([]);
    for (const one of ours['credentials'] as readonly Query[]) {
      const like = known.filter(({ format }) => format === one.format);
      expect(like.length).toBeGreaterThan(1);
      expect(keysOf(one).filter((key) => !known.some((other) => key in other))).toEqual([]);
      expect(keysOf(one.meta)).toEqual(keysOf(like[0]?.meta));
      // `intent_to_retain` of mdoc (section B.2.4) is in none of the examples.
      const claimKeys = new Set(known.flatMap(({ claims }) => claims.flatMap(keysOf)));
      expect(one.claims.flatMap(keysOf).filter((key) => !claimKeys.has(key) && key !== 'intent_to_retain')).toEqual([]);
    }
  });

  it.each(queries)('%s: the wallet answers the first credential that it has, under its id', async (name) => {
    const { credentials } = queryOf(`query_lang/${name}`);
    for (const { id, format, meta, claims } of credentials) {
      expect(['dc+sd-jwt', 'mso_mdoc']).toContain(format);
      expect(claims.every(({ path }) => path.length > 0)).toBe(true);
      const type = meta['vct_values']?.[0];
      if (type === undefined) continue;
      const held = {
        ...issueSdJwt({ signer: authority.signer, type, claims: Object.fromEntries(claims.map(({ path }) => [path.at(-1), 'x'])), now: NOW }),
        type,
      };
      const wallet = new SimulatedWallet({ now: () => NOW, sdJwts: [held] });
      const { form } = await wallet.answerRequest({
        response_uri: 'https://x.example',
        client_id: 'x',
        nonce: 'n',
        dcql_query: { credentials },
        response_mode: 'direct_post',
      });
      const token = JSON.parse(form['vp_token'] ?? '') as Record<string, readonly string[]>;
      const answered = credentials.find((one) => one.meta['vct_values']?.includes(type));
      expect(Object.keys(token)).toEqual([answered?.id]);
      const wanted: readonly Wanted[] = [{ id: answered?.id ?? '', format: 'dc+sd-jwt', types: [type], paths: [] }];
      const { presentation } = readVpToken(token, wanted);
      expect(await codeOf(() => verifySdJwt(presentation, { audience: 'x', nonce: 'n', types: [type], trust, now: NOW }))).toBe('accepted');
      expect(
        await codeOf(() =>
          readVpToken(
            token,
            wanted.map((one) => ({ ...one, id: `${id}-other` })),
          ),
        ),
      ).toBe('vp_token_query');
    }
  });

  it('metadata: the same names for formats and algorithms', () => {
    const ours = clientMetadata()['vp_formats_supported'] as Readonly<Record<string, object>>;
    for (const name of ['mso_mdoc', 'sd_jwt_vc']) {
      const [[format, theirs]] = Object.entries(readExample(`client_metadata/${name}_verifier_metadata`)['vp_formats_supported'] as object) as [
        [string, object],
      ];
      expect([format, Object.keys(ours[format] ?? {}).toSorted()]).toEqual([format, Object.keys(theirs).toSorted()]);
    }
    // The formats that we do not speak: W3C credentials.
    for (const name of ['w3c_jwt', 'w3c_ldp']) {
      const [format = ''] = Object.keys(readExample(`client_metadata/${name}_verifier_metadata`)['vp_formats_supported'] as object);
      expect(ours[format]).toBeUndefined();
    }
  });

  const key = createKeyPair();
  const signer = { key: key.privateKey, chain: [authority.signer.certificate] };
  const dcSession: DcApiSession = openDcApiSession({
    question: { threshold: 18, direction: 'over' },
    nonce: 'n-0S6_WzA2Mj',
    encryptionKey: createKeyPair().privateKey.export({ format: 'jwk' }) as PrivateJwk,
    origin: 'https://origin1.example.com',
    signer,
  });

  it('requests for the Digital Credentials API, and their header: what the examples have is in ours', async () => {
    const requests = await toDcApiRequests(dcSession, signer, { now: NOW, lifetimeS: 120 });
    const signed = String(requests.find(({ protocol }) => protocol === 'openid4vp-v1-signed')?.data['request']);
    const [header, payload] = signed
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Json);
    expect(header?.['typ']).toBe(readExample('request/request_header_client_id_did')['typ']);
    for (const name of ['signed_request_payload', 'signed_request_payload_compact']) {
      const example = readExample(`digital_credentials_api/${name}`);
      expect(Object.keys(example).filter((parameter) => !(parameter in (payload ?? {})))).toEqual([]);
      const [theirs, ours] = [example, payload ?? {}].map(
        (one) => (one['client_metadata'] as { readonly jwks: { readonly keys: readonly Json[] } }).jwks.keys[0],
      );
      expect(Object.keys(theirs ?? {}).filter((member) => !(member in (ours ?? {})))).toEqual([]);
    }
    // By reference and signed by a DID, which we do not do: of its parameters ours lacks the address that this response mode does not have.
    const byDid = Object.keys(readExample('request/request_object_client_id_did'));
    expect(byDid.filter((parameter) => !(parameter in (payload ?? {})))).toEqual(['redirect_uri']);
  });

  it('an error in place of an answer is refused', async () => {
    const data = readExample('digital_credentials_api/error_invalid_request');
    const verify = (protocol: string) => () => verifyPresentation(dcSession, { kind: 'dc_api', protocol, data }, { trust, now: NOW });
    expect(await codeOf(verify('openid4vp-v1-signed'))).toBe('response_encryption_missing');
    expect(await codeOf(verify('org-iso-mdoc'))).toBe('response_malformed');
  });

  it('W3C presentations are refused, and asked for by no query of ours', async () => {
    const session: PostSession = {
      kind: 'direct_post',
      question: { threshold: 18, direction: 'over' },
      wanted: listWanted({ threshold: 18, direction: 'over' }, { sdJwtTypes: ['x'] }),
      nonce: 'n-0S6_WzA2Mj',
      clientId: 'x',
      responseUri: 'https://x.example',
      state: 's',
    };
    for (const name of ['dcql_jwt_vc', 'dcql_ldp_vc'])
      for (const { format } of queryOf(`request/${name}`).credentials) expect(session.wanted.some((wanted) => wanted.format === format)).toBe(false);
    const answers = [readExample('response/ldp_vc'), `${encode({ alg: 'ES256' })}.${encode(readExample('response/jwt_vc'))}.AAAA`];
    const codes = [];
    for (const answer of answers)
      codes.push(await codeOf(() => verifyPresentation(session, { kind: 'direct_post', vpToken: { sd_jwt: [answer] }, state: 's' }, { trust, now: NOW })));
    expect(codes).toEqual(['vp_token_malformed', 'format_unexpected']);
  });

  it('the key binding of the example has the members that we look at', () => {
    expect(Object.keys(readExample('response/kb_jwt_unsecured')).slice(0, 4).toSorted()).toEqual(['aud', 'iat', 'nonce', 'sd_hash']);
  });
});

describe('eudi-verifier', () => {
  it.each([
    ['02', 'vp_token_malformed'],
    ['03', 'vp_token_count'],
    ['04', 'vp_token_count'],
    ['05', 'vp_token_count'],
    ['06-pidPlusMdl', 'vp_token_count'],
    ['07-ehicSdJwtVc', 'accepted'],
  ])('%s: the token answers the query of its name, and we take one presentation', async (name, code) => {
    const { credentials } = (readJson(`eudi-verifier/${name}-dcql.json`)['dcql_query'] ?? readJson(`eudi-verifier/${name}-dcql.json`)) as {
      readonly credentials: readonly { readonly id: string; readonly format: string }[];
    };
    const token = readJson(`eudi-verifier/${name}-vpToken.json`);
    expect(Object.keys(token).filter((id) => !credentials.some((one) => one.id === id))).toEqual([]);
    const wanted = credentials.map(({ id, format }) =>
      format === 'mso_mdoc' ? { id, format, documentType: 'x', namespace: 'x', elements: [] } : { id, format: 'dc+sd-jwt' as const, types: ['x'], paths: [] },
    );
    expect(await codeOf(() => readVpToken(token, wanted as readonly Wanted[]))).toBe(code);
  });

  it('00: the query alone is the one of 02', () => {
    expect(readJson('eudi-verifier/00-dcql.json')).toEqual(readJson('eudi-verifier/02-dcql.json'));
  });
});
