/** HTML of the forum. */
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);

function frame({ title, main, gatehouseUrl }) {
  return `<!doctype html>
<html lang="en" data-gatehouse="${escape(gatehouseUrl)}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} - The Forum</title><link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,">
<header><a href="/">The Forum</a> <a href="/new">New post</a></header>
<main><h1>${escape(title)}</h1>${main}</main>
</html>`;
}

function showPicture(post) {
  if (post.picture === undefined) return '';
  if (post.picture.isRemoved) return '<p class="note">The picture of this post was removed.</p>';
  return `<img src="/pictures/${post.id}" alt="${escape(post.picture.alt)}" loading="lazy">`;
}

const showBy = (post) => `<p class="by">${escape(post.author)}, <time datetime="${post.at}">${post.at.slice(0, 16).replace('T', ' ')}</time></p>`;

export function showList(posts, gatehouseUrl) {
  const items = posts.map(
    (post) => `<li><article><h2><a href="/posts/${post.id}">${escape(post.title)}</a></h2>${showBy(post)}${showPicture(post)}</article></li>`,
  );
  const main = items.length === 0 ? '<p>Nothing was posted yet.</p>' : `<ul class="posts">${items.join('')}</ul>`;
  return frame({ title: 'Newest posts', main, gatehouseUrl });
}

export function showPost(post, gatehouseUrl) {
  return frame({ title: post.title, main: `${showBy(post)}${showPicture(post)}<p class="text">${escape(post.text)}</p>`, gatehouseUrl });
}

/** @param fault what stood against it, for the person who filled the form in; `given` is shown again, so that nothing is lost */
export function showForm({ fault, given = {} }, gatehouseUrl) {
  const alert = fault === undefined ? '' : `<p class="fault" role="alert">${escape(fault)}</p>`;
  const main = `${alert}<form method="post" action="/posts" enctype="multipart/form-data">
<p><label for="title">Title</label><input id="title" name="title" maxlength="120" required value="${escape(given.title ?? '')}"></p>
<p><label for="text">Text</label><textarea id="text" name="text" rows="6" maxlength="5000" required>${escape(given.text ?? '')}</textarea></p>
<p><label for="picture">Picture (if you like)</label><input id="picture" name="picture" type="file" accept="image/jpeg,image/png,image/webp,image/gif" aria-describedby="picture-note">
<output id="picture-state" for="picture" role="status"></output>
<span id="picture-note" class="hint">Every picture is checked before it is published.</span></p>
<p><label for="alt">What the picture shows, for people who do not see it</label><input id="alt" name="alt" maxlength="300" value="${escape(given.alt ?? '')}"></p>
<p><button>Publish</button></p></form><script type="module" src="/page.js"></script>`;
  return frame({ title: 'New post', main, gatehouseUrl });
}

export function showText(title, text, gatehouseUrl) {
  return frame({ title, main: `<p>${escape(text)}</p><p><a href="/">To the newest posts</a></p>`, gatehouseUrl });
}
