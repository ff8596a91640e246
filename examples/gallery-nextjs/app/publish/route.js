/**
 * Takes the form. With a receipt of the browser's upload, the bytes come from Gatehouse; without one they come with the form, and are screened here.
 * Either way the receipt is verified against the very bytes that are then stored.
 */
import { GatehouseClientError } from '@gatehouse/client/uploads';
import { MAX_BYTES, noteFault, openGate } from '../../gallery/gatehouse.js';
import { ALT_MAX, TITLE_MAX, toDraftCookie } from '../../gallery/draft.js';
import { findType, publish, UPLOAD_ID } from '../../gallery/pictures.js';
import { toProblemPath } from '../../gallery/problems.js';

/** Room for the other fields. */
const FORM_BYTES_MAX = MAX_BYTES + 100_000;

export async function POST(request) {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return new Response('The form came from another site.', { status: 403 });
  // Without a length nothing is read: the form is held in memory.
  if (Number(request.headers.get('content-length') ?? Infinity) > FORM_BYTES_MAX) return goTo(toProblemPath('size'));
  const fields = await request.formData().catch(() => new FormData());
  const form = readForm(fields);
  if (form === undefined) return goTo(toProblemPath('incomplete'), readTexts(fields));
  try {
    const path = await handle(form);
    return goTo(path, path.startsWith('/new') ? form : undefined);
  } catch (error) {
    if (!(error instanceof GatehouseClientError)) throw error;
    noteFault(error);
    return goTo(toProblemPath(error.code === 'too_large' ? 'size' : 'later'), form);
  }
}

/** One picture or one receipt, and both texts: anything else is not published. */
function readForm(form) {
  const pictures = form.getAll('picture').filter((value) => value instanceof File && value.size > 0);
  const receipts = form.getAll('gatehouse-receipt').map(String);
  const { title, alt } = readTexts(form);
  if (!isText(title, TITLE_MAX) || !isText(alt, ALT_MAX) || pictures.length > 1 || receipts.length > 1 || pictures.length + receipts.length === 0)
    return undefined;
  return { title, alt, picture: pictures[0], receipt: receipts[0] };
}

function readTexts(form) {
  const [title, alt] = ['title', 'alt'].map((name) => form.get(name)).map((value) => (typeof value === 'string' ? value : ''));
  // Browsers count a new line as one letter, and send two.
  return { title: title.trim(), alt: alt.replaceAll('\r\n', '\n').trim() };
}

const isText = (text, lengthMax) => text.length > 0 && text.length <= lengthMax;

/** @returns where the browser goes next */
async function handle({ title, alt, picture, receipt }) {
  if (picture !== undefined && picture.size > MAX_BYTES) return toProblemPath('size');
  const found = await openContent(picture, receipt);
  if (!found.isValid) return toProblemPath('refused', found.reference);
  const { content, claims } = found;
  const type = findType(content);
  if (type === undefined) return toProblemPath('kind');
  // A receipt of another way in says nothing of an upload.
  if (!UPLOAD_ID.test(claims.sub)) return toProblemPath('refused');
  await publish({ id: claims.sub, content, type, receipt: found.receipt, title, alt });
  return `/#${claims.sub}`;
}

/** @returns `isValid` only with a receipt that is in force for exactly `content` */
async function openContent(picture, receipt) {
  const gate = openGate();
  if (picture === undefined) return { ...(await gate.fetchReleased(receipt)), receipt };
  const content = new Uint8Array(await picture.arrayBuffer());
  if (receipt !== undefined) return { ...(await gate.verify(receipt, content)), content, receipt };
  const screened = await gate.screenUpload(content);
  if (screened.receipt === undefined) return { isValid: false, reference: screened.id };
  return { ...(await gate.verify(screened.receipt, content)), content, receipt: screened.receipt, reference: screened.id };
}

/** By GET: loading the next page again sends nothing twice. What was written goes with the browser, unless it was published. */
function goTo(path, draft) {
  return new Response(null, { status: 303, headers: { location: path, 'cache-control': 'no-store', 'set-cookie': toDraftCookie(draft) } });
}
