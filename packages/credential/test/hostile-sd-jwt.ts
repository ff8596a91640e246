/** Presentations of SD-JWT credentials, and tokens around them, that no verifier may accept. */
import { createHash } from 'node:crypto';
import { signJws } from '../src/simulator/index.ts';
import { authority, createKeyPair, DAY_MS, mdocCase, NOW, otherAuthority, SD_JWT_TYPE, SESSION, sdJwtCase, type HostileCase } from './hostile-scene.ts';

type Json = Record<string, unknown>;
const set =
  (name: string, value: unknown) =>
  (object: Json): void =>
    void (object[name] = value);
const drop =
  (name: string) =>
  (object: Json): void =>
    void Reflect.deleteProperty(object, name);
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowS = NOW.getTime() / 1000;

function keyBindingCases(): HostileCase[] {
  return [
    sdJwtCase('fine', 'Nothing is wrong with this one.', 'accepted'),
    sdJwtCase('fine-false', '"Not over 18" is an answer, not an error.', 'accepted', { issue: { claims: { age_over_18: false } } }),
    sdJwtCase('fine-nested', 'The age as the PID writes it.', 'accepted', { issue: { claims: { age_equal_or_over: { 18: true } } } }),
    sdJwtCase('kb-missing', 'No key binding.', 'kb_missing', { present: { twist: { text: (text) => text.slice(0, text.lastIndexOf('~') + 1) } } }),
    sdJwtCase('kb-garbage', 'A key binding that is none.', 'kb_malformed', {
      present: { twist: { text: (text) => `${text.slice(0, text.lastIndexOf('~') + 1)}abc` } },
    }),
    sdJwtCase('kb-nonce', 'For another nonce.', 'kb_nonce', { present: { nonce: 'another' } }),
    sdJwtCase('kb-nonce-missing', 'Without a nonce.', 'kb_nonce', { present: { twist: { payload: drop('nonce') } } }),
    sdJwtCase('kb-audience', 'For another verifier.', 'kb_audience', { present: { audience: 'x509_hash:somebody' } }),
    sdJwtCase('kb-audience-without-prefix', 'For our client id without its prefix.', 'kb_audience', { present: { audience: SESSION.responseUri } }),
    sdJwtCase('kb-audience-list', 'For us and somebody else.', 'kb_audience', { present: { twist: { payload: set('aud', [SESSION.clientId, 'x']) } } }),
    sdJwtCase('kb-audience-missing', 'For nobody.', 'kb_audience', { present: { twist: { payload: drop('aud') } } }),
    sdJwtCase('kb-stale', 'An hour old.', 'kb_stale', { present: { now: new Date(NOW.getTime() - 3_600_000) } }),
    sdJwtCase('kb-day-old', 'A day old.', 'kb_stale', { present: { now: new Date(NOW.getTime() - DAY_MS) } }),
    sdJwtCase('kb-future', 'An hour ahead.', 'kb_future', { present: { now: new Date(NOW.getTime() + 3_600_000) } }),
    sdJwtCase('kb-iat-missing', 'Without a time.', 'kb_malformed', { present: { twist: { payload: drop('iat') } } }),
    sdJwtCase('kb-iat-text', 'A time that is text.', 'kb_malformed', { present: { twist: { payload: set('iat', '2026') } } }),
    sdJwtCase('kb-sd-hash', 'Of another presentation.', 'kb_sd_hash', {
      present: { twist: { payload: set('sd_hash', createHash('sha256').update('x').digest('base64url')) } },
    }),
    sdJwtCase('kb-sd-hash-missing', 'Bound to no presentation.', 'kb_sd_hash', { present: { twist: { payload: drop('sd_hash') } } }),
    sdJwtCase('kb-other-key', 'Signed by somebody else than the holder.', 'kb_signature', { present: { twist: { key: createKeyPair().privateKey } } }),
    sdJwtCase('kb-issuer-key', 'Signed by the issuer.', 'kb_signature', { present: { twist: { key: authority.signer.key.privateKey } } }),
    sdJwtCase('kb-none', 'Signed by nobody ("none").', 'algorithm_not_allowed', { present: { twist: { header: set('alg', 'none') } } }),
    sdJwtCase('kb-hs256', 'A MAC in place of a signature.', 'algorithm_not_allowed', { present: { twist: { header: set('alg', 'HS256') } } }),
    sdJwtCase('kb-es384', 'An algorithm that does not fit the key.', 'algorithm_not_allowed', { present: { twist: { header: set('alg', 'ES384') } } }),
    sdJwtCase('kb-type', 'A token of another type, signed by the holder.', 'kb_type', { present: { twist: { header: set('typ', 'jwt') } } }),
    sdJwtCase('kb-crit', 'A critical header.', 'kb_malformed', { present: { twist: { header: set('crit', ['x']) } } }),
    sdJwtCase('kb-of-other-disclosures', 'A disclosure was taken away after signing.', 'kb_sd_hash', {
      issue: { claims: { age_over_18: true, age_over_21: true } },
      present: {
        twist: {
          text: (text) =>
            text
              .split('~')
              .filter((_, at) => at !== 2)
              .join('~'),
        },
      },
    }),
    sdJwtCase('disclosure-added-after', 'A disclosure was added after signing.', 'disclosure_unreferenced', {
      present: { twist: { text: (text) => text.replace('~', `~${encode(['salt', 'age_over_21', true])}~`) } },
    }),
  ];
}

function credentialCases(): HostileCase[] {
  return [
    sdJwtCase('unknown-issuer', 'Signed by an issuer that is on no list.', 'chain_untrusted', { issue: { signer: otherAuthority.signer } }),
    sdJwtCase('certificate-of-another', 'The certificate of a trusted signer, the signature of somebody else.', 'issuer_signature', {
      issue: { twist: { key: createKeyPair().privateKey } },
    }),
    sdJwtCase('no-chain', 'No certificate.', 'chain_missing', { issue: { twist: { header: drop('x5c') } } }),
    sdJwtCase('key-in-header', 'The key comes along in the header.', 'chain_missing', {
      issue: {
        twist: {
          header(header) {
            drop('x5c')(header);
            header['jwk'] = createKeyPair().publicKey.export({ format: 'jwk' });
          },
        },
      },
    }),
    sdJwtCase('chain-base64url', 'A certificate in base64url.', 'chain_malformed', {
      issue: { twist: { header: (header) => void (header['x5c'] = [`${'_'.repeat(8)}-`]) } },
    }),
    sdJwtCase('issuer-none', 'Signed by nobody ("none").', 'algorithm_not_allowed', { issue: { twist: { header: set('alg', 'none') } } }),
    sdJwtCase('issuer-hs256', 'A MAC in place of a signature.', 'algorithm_not_allowed', { issue: { twist: { header: set('alg', 'HS256') } } }),
    sdJwtCase('type', 'A token of another type.', 'sd_jwt_type', { issue: { twist: { header: set('typ', 'JWT') } } }),
    sdJwtCase('type-missing', 'A token without a type.', 'sd_jwt_type', { issue: { twist: { header: drop('typ') } } }),
    sdJwtCase('vct', 'A membership card.', 'sd_jwt_vct', { issue: { type: 'urn:example:membership:1' } }),
    sdJwtCase('vct-missing', 'A credential without a type.', 'sd_jwt_vct', { issue: { twist: { payload: drop('vct') } } }),
    sdJwtCase('expired', 'Expired.', 'expired', { now: new Date(NOW.getTime() + 31 * DAY_MS), present: { now: new Date(NOW.getTime() + 31 * DAY_MS) } }),
    sdJwtCase('not-yet-valid', 'Valid from tomorrow on.', 'not_yet_valid', { issue: { twist: { payload: set('nbf', nowS + 86_400) } } }),
    sdJwtCase('issued-in-future', 'Issued tomorrow.', 'not_yet_valid', { issue: { twist: { payload: set('iat', nowS + 86_400) } } }),
    sdJwtCase('no-expiry', 'Never ends.', 'sd_jwt_claims', { issue: { twist: { payload: drop('exp') } } }),
    sdJwtCase('expiry-text', 'An end that is text.', 'sd_jwt_claims', { issue: { twist: { payload: set('exp', '2099') } } }),
    sdJwtCase('ends-before-begin', 'Ends before it begins.', 'validity_malformed', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['nbf'] = nowS - 10;
            payload['exp'] = nowS - 20;
          },
        },
      },
    }),
    sdJwtCase('no-holder', 'Bound to nobody.', 'device_key_malformed', { issue: { twist: { payload: drop('cnf') } } }),
    sdJwtCase('holder-private', 'The bound key comes with its private part.', 'device_key_malformed', {
      issue: { twist: { payload: set('cnf', { jwk: createKeyPair().privateKey.export({ format: 'jwk' }) }) } },
    }),
    sdJwtCase('holder-symmetric', 'Bound to a shared secret.', 'device_key_malformed', {
      issue: { twist: { payload: set('cnf', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }) } },
    }),
    sdJwtCase('hash-sha1', 'Disclosures by SHA-1.', 'sd_jwt_hash_algorithm', { issue: { twist: { payload: set('_sd_alg', 'sha-1') } } }),
    sdJwtCase('hash-md5', 'Disclosures by MD5.', 'sd_jwt_hash_algorithm', { issue: { twist: { payload: set('_sd_alg', 'md5') } } }),
    sdJwtCase('age-text', 'An age that is text.', 'age_malformed', { issue: { claims: { age_over_18: 'true' } } }),
    sdJwtCase('age-nested-malformed', 'Nested ages that are none.', 'age_malformed', { issue: { claims: { age_equal_or_over: { adult: true } } } }),
    sdJwtCase('contradiction', 'Over 21, and not over 18.', 'age_contradiction', { issue: { claims: { age_over_18: false, age_over_21: true } } }),
    sdJwtCase('contradiction-nested', 'The two ways of writing contradict each other.', 'age_contradiction', {
      issue: { claims: { age_over_18: false, age_equal_or_over: { 18: true } } },
    }),
    sdJwtCase('nothing-disclosed', 'Nothing is disclosed.', 'age_missing', { present: { disclose: [] } }),
    sdJwtCase('status-without-list', 'The credential names a status list that is not at hand.', 'status_unknown', {
      issue: { status: { status_list: { uri: 'https://issuer.example/1', idx: 5 } } },
    }),
    sdJwtCase('status-malformed', 'A status that cannot be read.', 'status_malformed', {
      issue: { status: { status_list: { uri: 'https://issuer.example/1', idx: '5' } } },
    }),
    sdJwtCase('issuer-address', 'The issuer calls itself a number.', 'sd_jwt_claims', { issue: { twist: { payload: set('iss', 5) } } }),
  ];
}

function disclosureCases(): HostileCase[] {
  const changed = (edit: (disclosures: string[]) => readonly string[]): Parameters<typeof sdJwtCase>[3] => ({ present: { twist: { disclosures: edit } } });
  const forged = encode(['c2FsdHNhbHRzYWx0', 'age_over_18', true]);
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
  return [
    sdJwtCase('disclosure-forged', '"false" was replaced by a disclosure that says "true".', 'disclosure_unreferenced', {
      issue: { claims: { age_over_18: false } },
      ...changed(() => [forged]),
    }),
    sdJwtCase(
      'disclosure-extra',
      'A disclosure that belongs to nothing.',
      'disclosure_unreferenced',
      changed((all) => [...all, forged]),
    ),
    sdJwtCase(
      'disclosure-twice',
      'One disclosure twice.',
      'disclosure_repeated',
      changed((all) => [...all, ...all]),
    ),
    sdJwtCase(
      'disclosure-garbage',
      'A disclosure that is not JSON.',
      'disclosure_malformed',
      changed((all) => [...all, 'bm90IGpzb24']),
    ),
    sdJwtCase(
      'disclosure-empty',
      'An empty disclosure.',
      'disclosure_malformed',
      changed((all) => [...all, '']),
    ),
    sdJwtCase(
      'disclosure-four-parts',
      'A disclosure with four parts.',
      'disclosure_malformed',
      changed((all) => [...all, encode(['a', 'b', 'c', 'd'])]),
    ),
    sdJwtCase(
      'disclosure-name-reserved',
      'A disclosure named "_sd".',
      'disclosure_malformed',
      changed((all) => [...all, encode(['a', '_sd', []])]),
    ),
    sdJwtCase(
      'disclosure-duplicate-key',
      'A disclosure whose value has one key twice.',
      'disclosure_malformed',
      changed((all) => [...all, Buffer.from('["s","x",{"a":1,"a":2}]').toString('base64url')]),
    ),
    sdJwtCase('disclosure-replaces', 'A disclosure of a claim that stands in the open.', 'disclosure_conflict', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['age_over_18'] = false;
          },
        },
      },
    }),
    sdJwtCase('disclosure-of-holder', "The holder's key is disclosed selectively.", 'disclosure_conflict', {
      issue: { claims: { age_over_18: true, cnf: { jwk: {} } }, twist: { payload: drop('cnf') } },
    }),
    sdJwtCase('disclosure-of-expiry', 'The end is disclosed selectively.', 'disclosure_conflict', {
      issue: { claims: { age_over_18: true, exp: nowS + 999 }, twist: { payload: drop('exp') } },
    }),
    sdJwtCase('digest-twice', 'One digest stands twice in the signed payload.', 'disclosure_repeated', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['_sd'] = [...(payload['_sd'] as string[]), ...(payload['_sd'] as string[])];
          },
        },
      },
    }),
    sdJwtCase('digest-twice-nested', 'One digest stands in two places.', 'disclosure_repeated', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['address'] = { _sd: payload['_sd'] };
          },
        },
      },
    }),
    sdJwtCase('digests-not-text', 'Digests that are numbers.', 'sd_jwt_malformed', { issue: { twist: { payload: set('_sd', [1, 2]) } } }),
    sdJwtCase('element-as-claim', 'A disclosure of a list element, referenced as a claim.', 'disclosure_malformed', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['_sd'] = [digest(encode(['salt', true]))];
          },
        },
      },
      ...changed(() => [encode(['salt', true])]),
    }),
    sdJwtCase('claim-as-element', 'A disclosure of a claim, referenced as a list element.', 'disclosure_malformed', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['list'] = [{ '...': digest(forged) }];
          },
        },
      },
      ...changed((all) => [...all, forged]),
    }),
    sdJwtCase('placeholder-with-more', 'A placeholder with more in it.', 'sd_jwt_malformed', {
      issue: { twist: { payload: set('list', [{ '...': 'x', y: 1 }]) } },
    }),
    sdJwtCase('too-deep', 'Objects inside each other, without an end.', 'sd_jwt_malformed', {
      issue: {
        twist: {
          payload: (payload) => {
            payload['deep'] = Array.from({ length: 40 }).reduce<unknown>((inner) => ({ inner }), 1);
          },
        },
      },
    }),
  ];
}

function tokenCases(): HostileCase[] {
  return [
    mdocCase('vp-token-text', 'A vp_token that is not JSON.', 'vp_token_malformed', { token: () => 'not json' }),
    mdocCase('vp-token-array', 'A vp_token that is a list.', 'vp_token_malformed', { token: (text) => [text] }),
    mdocCase('vp-token-bare', 'The presentation alone, as drafts had it.', 'vp_token_malformed', { token: (text) => text }),
    mdocCase('vp-token-empty', 'An empty vp_token.', 'vp_token_count', { token: () => ({}) }),
    mdocCase('vp-token-two-queries', 'Answers to two alternatives.', 'vp_token_count', { token: (text) => ({ eu_age: [text], mdl: [text] }) }),
    mdocCase('vp-token-two-presentations', 'Two presentations where one was asked for.', 'vp_token_count', { token: (text) => ({ eu_age: [text, text] }) }),
    mdocCase('vp-token-no-presentation', 'No presentation.', 'vp_token_count', { token: () => ({ eu_age: [] }) }),
    mdocCase('vp-token-not-list', 'The presentation without its list.', 'vp_token_malformed', { token: (text) => ({ eu_age: text }) }),
    mdocCase('vp-token-unknown-query', 'The answer to something that was not asked.', 'vp_token_query', { token: (text) => ({ pid: [text] }) }),
    mdocCase('vp-token-prototype', 'The answer to "__proto__".', 'vp_token_query', { token: (text) => JSON.parse(`{"__proto__":["${text}"]}`) as unknown }),
    mdocCase('vp-token-object', 'A presentation that is an object.', 'vp_token_malformed', { token: () => ({ eu_age: [{ a: 1 }] }) }),
    mdocCase('vp-token-not-base64', 'A presentation with other characters.', 'vp_token_malformed', { token: (text) => ({ eu_age: [`${text} `] }) }),
    mdocCase('format-swapped', 'An mdoc where an SD-JWT was asked for.', 'format_unexpected', { token: (text) => ({ sd_jwt: [text] }) }),
    sdJwtCase('format-swapped-sd-jwt', 'An SD-JWT where an mdoc was asked for.', 'format_unexpected', { token: (text) => ({ eu_age: [text] }) }),
    mdocCase('answer-to-other-type', 'The EU attestation as the answer to the question for a driving licence.', 'doc_type_differs', {
      token: (text) => ({ mdl: [text] }),
    }),
    mdocCase('state-missing', 'Without our state.', 'response_state', { state: '' }),
    mdocCase('state-other', 'With the state of another session.', 'response_state', { state: 'state-of-another-session' }),
    mdocCase('encryption-missing', 'In the clear, where encryption was asked for.', 'response_encryption_missing', {
      session: { ...SESSION, kind: 'direct_post.jwt' },
    }),
    sdJwtCase('jwt-alone', "The issuer's token without separators.", 'format_unexpected', { present: { twist: { text: (text) => text.split('~')[0] ?? '' } } }),
    sdJwtCase('jws-four-parts', 'A token of four parts.', 'sd_jwt_malformed', { present: { twist: { text: (text) => text.replace('~', '.x~') } } }),
    sdJwtCase('duplicate-claim', 'The signed payload has one claim twice.', 'sd_jwt_malformed', {
      present: {
        twist: {
          text(text) {
            const [jwt = '', ...rest] = text.split('~');
            const [header = '', payload = ''] = jwt.split('.');
            const twice = Buffer.from(payload, 'base64url').toString('utf8').replace('{', '{"vct":"urn:example:other",');
            return [`${header}.${Buffer.from(twice).toString('base64url')}.${jwt.split('.')[2] ?? ''}`, ...rest].join('~');
          },
        },
      },
    }),
    sdJwtCase('holder-signs-credential', 'A credential that the holder signed.', 'chain_missing', {
      token(text) {
        const rest = text.split('~').slice(1);
        const holder = createKeyPair();
        const jwt = signJws(
          { alg: 'ES256', typ: 'dc+sd-jwt' },
          { vct: SD_JWT_TYPE, exp: nowS + 999, age_over_18: true, cnf: { jwk: holder.publicKey.export({ format: 'jwk' }) } },
          holder.privateKey,
        );
        return { sd_jwt: [[jwt, ...rest].join('~')] };
      },
    }),
  ];
}

export function sdJwtCases(): HostileCase[] {
  return [...keyBindingCases(), ...credentialCases(), ...disclosureCases()];
}

export function openid4vpCases(): HostileCase[] {
  return tokenCases();
}
