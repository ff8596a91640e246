/** What was written beside a picture that was not published: kept by the browser, so that nobody writes it twice. */
export const DRAFT = 'draft';
export const TITLE_MAX = 100;
export const ALT_MAX = 300;
const MINUTES_10 = 600;

/** The header that makes the browser keep it, for the form alone; without texts, forget it. Two short texts fit into a cookie. */
export function toDraftCookie(draft) {
  const rest = 'Path=/new; HttpOnly; SameSite=Strict';
  if (draft === undefined) return `${DRAFT}=; Max-Age=0; ${rest}`;
  const texts = [draft.title.slice(0, TITLE_MAX), draft.alt.slice(0, ALT_MAX)];
  return `${DRAFT}=${Buffer.from(JSON.stringify(texts)).toString('base64url')}; Max-Age=${MINUTES_10}; ${rest}`;
}

/** Of the cookie, which anybody can have written. */
export function readDraft(value = '') {
  try {
    const [title = '', alt = ''] = JSON.parse(Buffer.from(value, 'base64url').toString());
    return { title: String(title).slice(0, TITLE_MAX), alt: String(alt).slice(0, ALT_MAX) };
  } catch {
    return { title: '', alt: '' };
  }
}
