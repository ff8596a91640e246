/**
 * What is published: one file of JSON for each post, and its picture beside it. A receipt that was withdrawn is remembered by its upload, so that a post
 * which is stored a moment later is taken down as well.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ID = /^[0-9a-f-]{36}$/;
const UPLOAD_ID = /^upl_[0-9a-z]{26}$/;

export function openPosts(dir) {
  const folders = { posts: join(dir, 'posts'), pictures: join(dir, 'pictures'), revoked: join(dir, 'revoked') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });

  const read = (id) => {
    const path = join(folders.posts, `${id}.json`);
    return ID.test(id) && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  };
  const list = () =>
    readdirSync(folders.posts)
      .filter((name) => name.endsWith('.json'))
      .map((name) => read(name.slice(0, -'.json'.length)))
      .toSorted((one, other) => other.at.localeCompare(one.at));
  // Under another name first: nobody sees half of it.
  const write = (post) => {
    const path = join(folders.posts, `${post.id}.json`);
    writeFileSync(`${path}.part`, JSON.stringify(post));
    renameSync(`${path}.part`, path);
  };

  const takeDown = (post) => {
    const { receipt: _receipt, mediaType: _mediaType, ...picture } = post.picture;
    write({ ...post, picture: { ...picture, isRemoved: true } });
    rmSync(join(folders.pictures, post.id), { force: true });
  };

  return {
    read,
    list,
    readPicture: (post) => readFileSync(join(folders.pictures, post.id)),
    /** @param picture { content, mediaType, receipt, uploadId, alt }: cleared; or undefined */
    publish({ author, title, text, picture }) {
      const post = { id: randomUUID(), at: new Date().toISOString(), author, title, text };
      if (picture === undefined) {
        write(post);
        return post;
      }
      const { content, ...about } = picture;
      writeFileSync(join(folders.pictures, post.id), content);
      write({ ...post, picture: about });
      if (existsSync(join(folders.revoked, about.uploadId))) takeDown(read(post.id));
      return post;
    },
    /** Every post with the picture of this upload. The note comes first: a post is either in the list below, or finds the note. */
    takeDownUpload(uploadId) {
      if (!UPLOAD_ID.test(uploadId)) return;
      writeFileSync(join(folders.revoked, uploadId), '');
      for (const post of list()) if (post.picture?.uploadId === uploadId) takeDown(post);
    },
  };
}
