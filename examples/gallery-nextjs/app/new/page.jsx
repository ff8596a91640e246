import { publicUrl } from '../../gallery/gatehouse.js';
import { readProblem } from '../../gallery/problems.js';
import { PictureInput } from './picture-input.jsx';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Add a picture' };

/** Without JavaScript the form carries the picture; with it, the receipt of a picture that Gatehouse already has. */
export default async function NewPicture({ searchParams }) {
  const problem = readProblem(await searchParams);
  return (
    <>
      <h1>Add a picture</h1>
      {problem === undefined ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <form action="/publish" method="post" encType="multipart/form-data">
        <PictureInput gatehouseUrl={publicUrl()} />
        <label htmlFor="title">Title</label>
        <input id="title" name="title" maxLength={100} required autoComplete="off" />
        <label htmlFor="alt">Description</label>
        <p id="alt-hint" className="hint">
          What is in the picture, for people who cannot see it.
        </p>
        <textarea id="alt" name="alt" rows={3} maxLength={300} required aria-describedby="alt-hint" />
        <button>Publish</button>
      </form>
    </>
  );
}
