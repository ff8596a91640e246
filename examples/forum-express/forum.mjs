/**
 * A forum whose pictures are published with a receipt, and in no other way. Both ways of sending one end in `takePicture`: from a page that sent the
 * picture to Gatehouse itself comes a receipt, from a form without JavaScript a file, which this server sends to Gatehouse.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import express from 'express';
import { GatehouseClientError, verifyWebhook } from '@gatehouse/client';
import { createReceiptGate, toExpress } from '@gatehouse/client/uploads';
import { showForm, showList, showPost, showText } from './pages.mjs';

const PICTURE_BYTES_MAX = 20_000_000;
const FORM_BYTES_MAX = PICTURE_BYTES_MAX + 100_000;
const PICTURE_TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif']);
const STYLE = readFileSync(new URL('style.css', import.meta.url));
const COOKIE = 'forum';
/** As the form says, which anybody can leave out. */
const LENGTHS_MAX = { title: 120, text: 5000, alt: 300 };

/** What a person can be told. Nothing was published. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
const AWAY = 'The picture could not be checked at the moment. Nothing was published; please try again later.';

export function createForum({ gatehouseUrl, gatehousePublicUrl, apiKey, callbackSecret, siteUrl, posts, scripts }) {
  const gate = createReceiptGate({
    gatehouseUrl,
    apiKey,
    // A receipt counts only if this server hears of it when it is withdrawn.
    callbackUrl: `${siteUrl}/gatehouse`,
    maxBytes: PICTURE_BYTES_MAX,
    onFault: ({ code }) => console.error(`gatehouse: ${code}`),
  });
  const forum = express().disable('x-powered-by');
  forum.use(protectPages(gatehousePublicUrl));

  forum.get('/', (_request, response) => response.send(showList(posts.list(), gatehousePublicUrl)));
  forum.get('/new', (_request, response) => response.send(showForm({}, gatehousePublicUrl)));
  forum.get('/style.css', (_request, response) => response.type('css').send(STYLE));
  for (const [path, code] of scripts) forum.get(path, (_request, response) => response.type('js').send(code));

  forum.get('/posts/:id', (request, response, next) => {
    const post = posts.read(request.params.id);
    if (post === undefined) return next();
    response.send(showPost(post, gatehousePublicUrl));
  });
  forum.get('/pictures/:id', (request, response, next) => {
    const post = posts.read(request.params.id);
    if (post?.picture?.mediaType === undefined) return next();
    response.set({ 'content-type': post.picture.mediaType, 'content-security-policy': "default-src 'none'; sandbox", 'cache-control': 'no-cache' });
    response.end(posts.readPicture(post));
  });

  // For the page: who may send, and how much.
  const tickets = gate.ticketEndpoint({ subject: (_request, native) => readGuest(native), maxUploads: 10, maxBytes: 5 * PICTURE_BYTES_MAX });
  forum.post('/ticket', toExpress(tickets));

  forum.post('/posts', async (request, response) => {
    if (request.get('sec-fetch-site') === 'cross-site' || readGuest(request) === undefined)
      throw new Refusal(403, 'Open the form of this forum and try again.');
    const form = await readForm(request);
    // Browsers count a new line as one letter, and send two.
    const given = Object.fromEntries(
      Object.keys(LENGTHS_MAX).map((name) => [
        name,
        String(form.get(name) ?? '')
          .replaceAll('\r\n', '\n')
          .trim(),
      ]),
    );
    try {
      if (Object.entries(LENGTHS_MAX).some(([name, max]) => given[name].length > max)) throw new Refusal(422, 'A text is too long. Nothing was published.');
      if (given.title === '' || given.text === '') throw new Refusal(422, 'A post needs a title and a text.');
      const picture = await takePicture(gate, form);
      const post = posts.publish({ ...given, author: `Guest ${readGuest(request).slice(0, 4)}`, picture: picture && { ...picture, alt: given.alt } });
      response.redirect(303, `/posts/${post.id}`);
    } catch (error) {
      const { status, message } = toRefusal(error);
      response.status(status).send(showForm({ fault: message, given }, gatehousePublicUrl));
    }
  });

  // Of Gatehouse. The signature is over the bytes as they came.
  forum.post('/gatehouse', express.raw({ type: '*/*', limit: '64kb' }), async (request, response) => {
    const { type, data } = await verifyWebhook({ headers: request.headers, body: request.body, secret: callbackSecret });
    if (type === 'receipt.revoked') posts.takeDownUpload(data.id);
    response.sendStatus(204);
  });

  forum.use((_request, response) => response.status(404).send(showText('Not found', 'There is no such page.', gatehousePublicUrl)));
  // Express tells by the number of parameters what this is.
  forum.use((error, _request, response, _next) => {
    const { status, message } = toRefusal(error);
    response.status(status).send(showText('Not done', message, gatehousePublicUrl));
  });
  return forum;
}

/** The only way to a picture that is published: a receipt that Gatehouse confirms now, for exactly the bytes that are stored. */
async function takePicture(gate, form) {
  const receipts = form.getAll('gatehouse-receipt');
  // A browser sends an empty file when none was chosen.
  const files = form.getAll('picture').filter((file) => typeof file === 'object' && file.size > 0);
  if (receipts.length + files.length === 0) return undefined;
  if (receipts.length + files.length > 1) throw new Refusal(422, 'A post can have one picture.');
  const receipt = receipts.length === 1 ? String(receipts[0]) : await screenFile(gate, files[0]);
  const released = await gate.fetchReleased(receipt);
  if (!released.isValid) throw new Refusal(422, 'The picture could not be published. Please choose it again.');
  if (!PICTURE_TYPES.has(released.mediaType)) throw new Refusal(422, 'Only pictures can be published: JPEG, PNG, WebP or GIF.');
  return { content: released.content, mediaType: released.mediaType, receipt, uploadId: released.claims.sub };
}

async function screenFile(gate, file) {
  const screened = await gate.screenUpload(new Uint8Array(await file.arrayBuffer()));
  if (screened.receipt === undefined) throw new Refusal(422, screened.message);
  return screened.receipt;
}

/** @throws {Refusal} */
async function readForm(request) {
  let size = 0;
  const limited = new Transform({
    transform(chunk, _encoding, done) {
      size += chunk.length;
      done(size > FORM_BYTES_MAX ? new Refusal(413, 'The picture is too large. Nothing was published.') : null, chunk);
    },
  });
  // Whoever goes away in the middle leaves nothing that waits, and no piece of a picture in memory.
  request.once('close', () => void (request.complete || limited.destroy(new Error('the form was broken off'))));
  const body = Readable.toWeb(request.pipe(limited));
  try {
    return await new Response(body, { headers: { 'content-type': request.get('content-type') ?? '' } }).formData();
  } catch {
    // The rest is thrown away: a browser shows no answer as long as it cannot send.
    request.resume();
    throw size > FORM_BYTES_MAX
      ? new Refusal(413, 'The picture is too large. Nothing was published.')
      : new Refusal(400, 'The form did not arrive whole. Please try again.');
  }
}

function toRefusal(error) {
  if (error instanceof Refusal) return error;
  if (!(error instanceof GatehouseClientError)) {
    console.error(error);
    return new Refusal(error.status ?? 500, 'Something went wrong. Nothing was published.');
  }
  if (error.code === 'webhook_invalid') return new Refusal(400, 'This callback is not one of Gatehouse.');
  if (error.code === 'too_large') return new Refusal(413, 'The picture is too large. Nothing was published.');
  return new Refusal(503, AWAY);
}

/** Who sends, as long as there are no accounts: a random name in a cookie. A real forum takes the account. */
function readGuest(request) {
  return new RegExp(`(?:^|; )${COOKIE}=([0-9a-f]{32})(?:;|$)`).exec(request.get('cookie') ?? '')?.[1];
}

function protectPages(gatehousePublicUrl) {
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src 'self' ${new URL(gatehousePublicUrl).origin}`,
    "img-src 'self' data:",
    "style-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return (request, response, next) => {
    response.set({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' });
    if (readGuest(request) === undefined && request.method === 'GET')
      response.cookie(COOKIE, randomBytes(16).toString('hex'), { httpOnly: true, sameSite: 'lax', secure: request.secure, maxAge: 30 * 86_400_000 });
    next();
  };
}
