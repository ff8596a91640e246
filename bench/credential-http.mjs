/**
 * `POST /age/wallet/response/{rid}` over loopback to a real server: what a wallet sends, with the transactions that take the request, complete the session and write the
 * result. Requests are made beforehand; each answer is checked by what the session's owner then reads.
 */
import { X509Certificate } from 'node:crypto';
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet } from '@gatehouse/credential/simulator';
import { readTree, round, spread } from './measure.mjs';
import { startServer } from './server.mjs';

const CASES = [
  { way: 'EU profile', mode: 'direct_post', link: 'av:', connections: 1, count: 200 },
  { way: 'EU profile', mode: 'direct_post', link: 'av:', connections: 8, count: 400 },
  { way: 'HAIP', mode: 'direct_post.jwt', link: 'openid4vp:', connections: 8, count: 400 },
];

export async function benchPresentationsOverHttp({ isQuick = false, verifyMs }) {
  const scene = await openScene();
  try {
    await postAll(scene, { ...CASES[0], count: 60 });
    await postAll(scene, { ...CASES[2], count: 60 });
    const detail = [];
    for (const one of CASES) detail.push({ ...one, ...(await postAll(scene, isQuick ? { ...one, count: 60 } : one)) });
    return { detail, table: toTable(detail, verifyMs) };
  } finally {
    await scene.server.stop();
  }
}

function toTable(detail, verifyMs) {
  return {
    title: 'End to end: `POST /age/wallet/response/{rid}`, the load generator on the same cores',
    rows: detail.map(({ way, mode, connections, perSecond, p50, p99, gateway, postgres }) => ({
      'what the wallet posts': `${way}, \`${mode}\``,
      connections,
      'presentations/s': round(perSecond, 0),
      'p50 ms': round(p50, 1),
      'p99 ms': round(p99, 1),
      'gateway CPU ms': round(gateway, 2),
      'postgres CPU ms': round(postgres, 2),
      'verification, share of both': `${Math.round((100 * verifyMs[mode]) / (gateway + postgres))} %`,
    })),
    note:
      'CPU for one presentation, from the form to the answer to the wallet. The share of the verification is its CPU time in the tables above over that of both processes here; for HAIP the decryption is in it. Two transactions commit to disk: ' +
      'the request is deleted and the attempt counted before anything is verified; session, result and event follow. In a profile of the gateway making and reading statements (pg, Kysely) took about a third of its CPU time, the verification a fifth, ' +
      'the frame of HTTP a sixth; the rest of the wall time is waiting for PostgreSQL, so that more connections give more a second.',
  };
}

async function openScene() {
  const now = new Date();
  const authority = createTestAuthority({ now });
  const server = await startServer({ GATEHOUSE_AGE_REQUEST_SECONDS: '300', GATEHOUSE_ANONYMOUS_PER_MINUTE: '1000000' });
  const rights = ['age:ask', 'age:manage'].flatMap((right) => ['--right', right]);
  const { secret } = await server.cli('key', 'create', '--name', 'bench-age', ...rights);
  const send = async (path, body) => {
    const reply = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  };
  const list = Buffer.from(new X509Certificate(authority.root.certificate).toString()).toString('base64');
  await send('/v1/age/trust/lists', { name: 'simulated', content: list, assurance: 'high' });
  await send('/v1/age/services', { id: 'bench', name: 'Bench', returnOrigins: ['https://bench.example'] });
  return { server, authority, now, send };
}

/** A session with a browser on its page and a wallet that has made its answer. */
async function prepare({ send, authority }, link) {
  const { url } = await send('/v1/age/sessions', { threshold: 18, service: 'bench', returnUrl: 'https://bench.example/', minGrade: 2 });
  const page = await fetch(url);
  await page.text();
  const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const asked = await fetch(`${url}/wallet`, { method: 'POST', headers: { cookie }, body: new URLSearchParams({ channel: 'redirect' }) });
  const href = new RegExp(`href="(${link}[^"]+)"`).exec(await asked.text())?.[1]?.replaceAll('&amp;', '&');
  if (href === undefined) throw new Error(`the page has no link ${link}`);
  const now = new Date();
  const proof = issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: true }, now });
  const post = await new SimulatedWallet({ mdocs: [proof], now: () => now }).answerLink(href, async (uri, nonce) =>
    (await fetch(uri, { method: 'POST', body: new URLSearchParams({ wallet_nonce: nonce }) })).text(),
  );
  return { ...post, cookie };
}

async function postAll(scene, { link, connections, count }) {
  const posts = [];
  while (posts.length < count) posts.push(...(await Promise.all(Array.from({ length: Math.min(8, count - posts.length) }, () => prepare(scene, link)))));
  const bodies = posts.map(({ url, form }) => ({ url, body: new URLSearchParams(form).toString() }));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const times = [];
  const back = [];
  const before = readTree(scene.server.pid);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let post = bodies.pop(); post !== undefined; post = bodies.pop()) {
        const started = performance.now();
        const reply = await fetch(post.url, { method: 'POST', headers, body: post.body });
        const { redirect_uri: uri } = await reply.json();
        times.push(performance.now() - started);
        if (reply.status !== 200 || uri === undefined) throw new Error(`the presentation was not taken: ${reply.status}`);
        back.push(uri);
      }
    }),
  );
  const wallS = (performance.now() - began) / 1000;
  const after = readTree(scene.server.pid);
  const perOne = (kind) => ((after[kind].cpuS - before[kind].cpuS) * 1000) / count;
  const { p50, p99 } = spread(times);
  return { perSecond: count / wallS, p50, p99, gateway: perOne('gateway'), postgres: perOne('postgres') };
}
