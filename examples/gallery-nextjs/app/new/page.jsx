import { cookies } from 'next/headers';
import { ALT_MAX, DRAFT, readDraft, TITLE_MAX } from '../../gallery/draft.js';
import { publicUrl } from '../../gallery/gatehouse.js';
import { readProblem } from '../../gallery/problems.js';
import { PictureInput } from './picture-input.jsx';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Add a picture' };

/** Without JavaScript the form carries the picture; with it, the receipt of a picture that Gatehouse already has. */
export default async function NewPicture({ searchParams }) {
  const problem = readProblem(await searchParams);
  // Of a form that was sent before and not published.
  const draft = readDraft(problem === undefined ? undefined : (await cookies()).get(DRAFT)?.value);
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
        <input id="title" name="title" maxLength={TITLE_MAX} required autoComplete="off" defaultValue={draft.title} />
        <label htmlFor="alt">Description</label>
        <p id="alt-hint" className="hint">
          What is in the picture, for people who cannot see it.
        </p>
        <textarea id="alt" name="alt" rows={3} maxLength={ALT_MAX} required aria-describedby="alt-hint" defaultValue={draft.alt} />
        <button>Publish</button>
      </form>
    </>
  );
}
