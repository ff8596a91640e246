/** The only way to a picture: by its id, from the publish folder, as the type that its bytes have. */
import { readPicture } from '../../../gallery/pictures.js';

export async function GET(_request, { params }) {
  const picture = await readPicture((await params).id);
  if (picture === undefined) return new Response('There is no such picture.', { status: 404 });
  return new Response(picture.bytes, {
    headers: {
      'content-type': picture.type,
      'content-length': String(picture.bytes.length),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      // What is taken down is gone at once.
      'cache-control': 'no-cache',
    },
  });
}
