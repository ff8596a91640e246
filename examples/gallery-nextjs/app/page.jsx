import { listPictures } from '../gallery/pictures.js';

export const dynamic = 'force-dynamic';

export default async function Gallery() {
  const pictures = await listPictures();
  return (
    <>
      <h1>Gallery</h1>
      {pictures.length === 0 ? <p>There is no picture yet.</p> : <Pictures pictures={pictures} />}
    </>
  );
}

function Pictures({ pictures }) {
  return (
    <ul className="pictures">
      {pictures.map(({ id, title, alt }) => (
        <li key={id} id={id}>
          <figure>
            <img src={`/pictures/${id}`} alt={alt} />
            <figcaption>{title}</figcaption>
          </figure>
        </li>
      ))}
    </ul>
  );
}
