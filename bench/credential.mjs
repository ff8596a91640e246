/**
 * Presentations of ages: ours and other verifiers on the same ones, each in a process of its own, in turns; then through HTTP, with everything that the server does.
 * The others come from bench/oracles and are installed when they are missing.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { EU_AGE, openDcApiSession, openEuSession, openHaipSession, openid4vpTranscript, toDcApiRequests, toRequest } from '@gatehouse/credential';
import { createCertificate, createKeyPair, createTestAuthority, issueMdoc, issueSdJwt, SimulatedWallet } from '@gatehouse/credential/simulator';
import { benchPresentationsOverHttp } from './credential-http.mjs';
import { median, ratioOf, round, summariseRounds, withRange } from './measure.mjs';
import { installOracles, isInstalled } from './oracles/install.mjs';
import { openOracle } from './oracles/oracle.mjs';

const COUNT = 100;
const ROUNDS = 9;
const ROUNDS_QUICK = 3;
const WARM_UP_ROUNDS = 3;
const SD_JWT_TYPE = 'urn:example:age:1';
const ORIGIN = 'https://age.example';
const RESPONSE_URI = `${ORIGIN}/age/wallet/response/1`;

/** Who is asked, with which inputs. `part` is for ours, `isChainUnchecked` for @auth0/mdl, which remembers no chain and has an option to check none. */
const CONTESTS = {
  mdoc: [
    { row: 'this package', program: 'gatehouse' },
    { row: 'this package, chains not remembered', program: 'gatehouse', change: { part: 'cold' }, isOnlyShown: true },
    { row: '`@owf/mdoc` 0.6.0, chains remembered by its caller', program: 'owf-mdoc' },
    { row: '`@auth0/mdl` 3.0.1, told to check no chain', program: 'auth0-mdl', change: { isChainUnchecked: true } },
    { row: '`@auth0/mdl` 3.0.1', program: 'auth0-mdl', isOnlyShown: true },
  ],
  'sd-jwt': [
    { row: 'this package', program: 'gatehouse' },
    { row: 'this package, chains not remembered', program: 'gatehouse', change: { part: 'cold' }, isOnlyShown: true },
    { row: '`@meeco/sd-jwt` 1.2.1, chains remembered by its caller', program: 'meeco-sd-jwt' },
    { row: '`@sd-jwt/sd-jwt-vc` 0.19.0, chains remembered by its caller', program: 'sd-jwt-vc' },
  ],
  ours: [
    { row: 'HAIP `direct_post.jwt`, mdoc: with the decryption of the answer', program: 'gatehouse', inputs: 'haip-mdoc' },
    { row: 'HAIP `direct_post.jwt`, SD-JWT VC: the same', program: 'gatehouse', inputs: 'haip-sd-jwt' },
    { row: 'of these: decryption alone (JWE, ECDH-ES, A128GCM)', program: 'gatehouse', inputs: 'haip-mdoc', change: { part: 'jwe' } },
    { row: 'Digital Credentials API, `openid4vp-v1-signed`, SD-JWT VC', program: 'gatehouse', inputs: 'dc-api' },
    { row: 'Digital Credentials API, `org-iso-mdoc` (annex C)', program: 'gatehouse', inputs: 'annex-c' },
    { row: 'of this: decryption alone (HPKE, P-256, AES-128-GCM)', program: 'gatehouse', inputs: 'annex-c', change: { part: 'hpke' } },
  ],
};

export async function benchCredential({ isQuick = false } = {}) {
  installOracles();
  const measured = await measureContests({ rounds: isQuick ? ROUNDS_QUICK : ROUNDS });
  const http = await benchPresentationsOverHttp({ isQuick, verifyMs: { direct_post: measured.mdoc[0].cpuMs, 'direct_post.jwt': measured.ours[0].cpuMs } });
  const note =
    `${COUNT} presentations, each of its own session, one issuer; ${isQuick ? ROUNDS_QUICK : ROUNDS} rounds in turns after ${WARM_UP_ROUNDS}, each verifier in a process of its own. p50 is the median of the rounds with their range, p99 is over all, ` +
    '*of the best* takes each presentation at its best round, and so leaves out what other processes did. CPU is that of the whole process, threads of its pool and garbage collection included; ratios are of CPU, round by round.';
  return {
    tables: [
      { title: 'One mdoc presentation (`direct_post`, one age, ES256): the whole verification', rows: measured.mdoc.map(toRow), note },
      {
        title: 'One SD-JWT VC presentation with key binding (`direct_post`, one age, ES256)',
        rows: measured['sd-jwt'].map(toRow),
        note: 'Ours decides the age as well, and refuses what the others leave to their callers (packages/credential/README.md); the others are called as in the differential test.',
      },
      {
        title: 'This package in the other flows',
        rows: measured.ours.map(toRow),
        note: 'Answers are decrypted with a key of the session, so that nothing of it can be prepared.',
      },
      http.table,
    ],
    detail: { ...measured, http: http.detail },
  };
}

/** For the gate: medians of the ratios, round by round. Nothing where the others are not installed: a gate fetches nothing. */
export async function measureCredentialRatios() {
  if (!isInstalled()) return {};
  const { mdoc, 'sd-jwt': sdJwt } = await measureContests({ rounds: 7, groups: ['mdoc', 'sd-jwt'], isShort: true });
  const timesOurs = (rows, name) => rows.find(({ row }) => row.includes(name)).timesFirst.p50;
  return { owf: timesOurs(mdoc, '@owf/mdoc'), auth0: timesOurs(mdoc, 'no chain'), sdJwtVc: timesOurs(sdJwt, 'sd-jwt-vc'), meeco: timesOurs(sdJwt, 'meeco') };
}

/** @param isShort without the rows that only the tables show */
async function measureContests({ rounds, groups = Object.keys(CONTESTS), isShort = false }) {
  const inputs = await makeInputs(isShort ? groups : undefined);
  const contestants = groups.flatMap((group) =>
    CONTESTS[group]
      .filter(({ isOnlyShown }) => !(isShort && isOnlyShown === true))
      .map((one, at) => ({ ...one, group, name: `${group}-${at}`, taken: [], inputs: inputs[one.inputs ?? group] })),
  );
  const oracles = new Map();
  for (const { program } of contestants) if (!oracles.has(program)) oracles.set(program, await openOracle(program, { limitMs: 120_000 }));
  try {
    for (let turn = -WARM_UP_ROUNDS; turn < rounds; turn++) {
      for (const { name, program, inputs: own, change, taken } of contestants) {
        const message = turn === -WARM_UP_ROUNDS ? { inputs: own.map((input) => ({ ...input, ...change })) } : {};
        const answer = await oracles.get(program).ask({ id: name, verb: 'time', name, ...message });
        if (answer.samples === undefined) throw new Error(`${program} did not verify what is good (${name}): ${answer.verdict}`);
        if (turn >= 0) taken.push(answer);
      }
    }
  } finally {
    for (const oracle of oracles.values()) oracle.close();
  }
  return Object.fromEntries(groups.map((group) => [group, summarise(contestants.filter((one) => one.group === group))]));
}

function summarise(contestants) {
  const cpu = contestants.map(({ taken }) => taken.map(({ cpuUs, samples }) => cpuUs / samples.length / 1000));
  return contestants.map(({ row, program, taken }, at) => {
    const { p50, low, high, p99, bestP99 } = summariseRounds(taken.map(({ samples }) => samples));
    return {
      row,
      program,
      p50: { p50: p50 / 1000, low: low / 1000, high: high / 1000 },
      p99Ms: p99 / 1000,
      bestP99Ms: bestP99 / 1000,
      cpuMs: median(cpu[at]),
      timesFirst: ratioOf(cpu[at], cpu[0]),
    };
  });
}

function toRow({ row, p50, p99Ms, bestP99Ms, cpuMs, timesFirst }, at) {
  return {
    verifier: row,
    'p50 ms': withRange(p50, 2),
    'p99 ms': round(p99Ms, 2),
    'p99 of the best': round(bestP99Ms, 2),
    'CPU ms': round(cpuMs, 2),
    'a second of a core': Math.round(1000 / cpuMs).toLocaleString('en'),
    'CPU, times the first row': at === 0 ? '1' : withRange(timesFirst, 1),
  };
}

async function makeInputs(wanted) {
  const now = new Date();
  const authority = createTestAuthority({ now });
  const key = createKeyPair();
  const verifier = createCertificate({
    subject: 'verifier (not real)',
    key,
    validFrom: new Date(now.getTime() - 1000),
    validTo: new Date(now.getTime() + 86_400_000),
  });
  const scene = { now, authority, signer: { key: key.privateKey, chain: [verifier.certificate] } };
  const makers = {
    mdoc: () => askByLink(scene, { format: 'mdoc', isEncrypted: false }),
    'sd-jwt': () => askByLink(scene, { format: 'sd-jwt', isEncrypted: false }),
    'haip-mdoc': () => askByLink(scene, { format: 'mdoc', isEncrypted: true }),
    'haip-sd-jwt': () => askByLink(scene, { format: 'sd-jwt', isEncrypted: true }),
    'dc-api': () => askInBrowser(scene, 'openid4vp-v1-signed', 'sd-jwt'),
    'annex-c': () => askInBrowser(scene, 'org-iso-mdoc', 'mdoc'),
  };
  const made = {};
  for (const [name, make] of Object.entries(makers)) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
    made[name] = [];
    for (let i = 0; i < COUNT; i++) made[name].push(await make());
  }
  return made;
}

function openWallet({ now, authority }, format) {
  const claims = { age_over_18: true };
  if (format === 'mdoc')
    return new SimulatedWallet({
      now: () => now,
      mdocs: [issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: claims, now })],
    });
  return new SimulatedWallet({ now: () => now, sdJwts: [{ ...issueSdJwt({ signer: authority.signer, type: SD_JWT_TYPE, claims, now }), type: SD_JWT_TYPE }] });
}

function toSessionInput({ signer }) {
  return {
    question: { threshold: 18, direction: 'over' },
    nonce: randomBytes(16).toString('base64url'),
    encryptionKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    sdJwtTypes: [SD_JWT_TYPE],
    state: randomBytes(16).toString('base64url'),
    responseUri: RESPONSE_URI,
    origin: ORIGIN,
    signer,
  };
}

/** For ours: the session and the response. For the others: the presentation in it, and what they need to know. */
async function askByLink(scene, { format, isEncrypted }) {
  const input = toSessionInput(scene);
  // The EU profile knows mdoc only: the other format in the clear is a session of HAIP that asks for no encryption.
  const { encryptionKey: _none, ...clear } = { ...openHaipSession(input), kind: 'direct_post' };
  const session = isEncrypted ? openHaipSession(input) : format === 'mdoc' ? openEuSession(input) : clear;
  const { form } = await openWallet(scene, format).answerRequest(toRequest(session));
  const anchors = [Buffer.from(scene.authority.root.certificate).toString('base64')];
  if (isEncrypted) return { anchors, session, response: { kind: 'direct_post.jwt', response: form.response } };
  const [presentation] = Object.values(JSON.parse(form.vp_token))[0];
  const { clientId, nonce, responseUri } = session;
  return {
    anchors,
    session,
    response: { kind: 'direct_post', vpToken: form.vp_token, state: form.state },
    presentation,
    handover: { kind: 'openid4vp', clientId, nonce, responseUri },
    transcript: Buffer.from(openid4vpTranscript(session)).toString('base64url'),
    documentType: EU_AGE,
    asked: [{ namespace: EU_AGE, name: 'age_over_18' }],
    audience: clientId,
    nonce,
  };
}

async function askInBrowser(scene, protocol, format) {
  const session = openDcApiSession(toSessionInput(scene));
  const requests = await toDcApiRequests(session, scene.signer, { now: scene.now, lifetimeS: 120 });
  const answer = await openWallet(scene, format).answerDcApi(
    requests.filter((one) => one.protocol === protocol),
    ORIGIN,
  );
  return { anchors: [Buffer.from(scene.authority.root.certificate).toString('base64')], session, response: { kind: 'dc_api', ...answer } };
}
