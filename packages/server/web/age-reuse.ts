/** Loads what tokens and passkeys need only where there is something to reuse or to keep: most people's browsers hold nothing yet. */

const STORE = 'gatehouse-age-tokens';

if (has('[data-age-token="issue"]') || (has('[data-age-token]') && holdsTokens())) void import('./age-token.ts');
if (has('[data-age-passkey]') && 'PublicKeyCredential' in globalThis) void import('./age-passkey.ts');

function has(selector: string): boolean {
  return document.querySelector(selector) !== null;
}

/** Private windows may refuse to look. */
function holdsTokens(): boolean {
  try {
    return localStorage.getItem(STORE) !== null;
  } catch {
    return false;
  }
}
