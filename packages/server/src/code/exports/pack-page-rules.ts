/** `verify.html`: one file that needs nothing else. Its own policy forbids it every connection and every script but the one in it. */
const STYLE = `
:root { color-scheme: light dark; --text: #0b0c0c; --page: #fff; --line: #b1b4b6; --good: #0f7a52; --bad: #c62b2b; --focus: #fd0; }
@media (prefers-color-scheme: dark) { :root { --text: #f0f2f4; --page: #12161b; --line: #46505a; --good: #6fd3ac; --bad: #ff9a9a; } }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1.1875rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); overflow-wrap: anywhere; }
h1 { font-size: 2rem; line-height: 1.2; }
label { display: block; font-weight: 700; }
textarea { box-sizing: border-box; width: 100%; font: 1rem/1.4 ui-monospace, monospace; }
input, textarea { color: inherit; background: var(--page); margin: 0.25rem 0 1rem; padding: 0.4rem; border: 2px solid currentColor; max-width: 100%; box-sizing: border-box; }
button { font: inherit; font-weight: 700; padding: 0.5rem 1rem; color: #fff; background: #0f7a52; border: 2px solid transparent; cursor: pointer; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; box-shadow: 0 0 0 5px var(--text); }
#status { font-weight: 700; border-left: 0.5rem solid var(--line); padding: 0.5rem 1rem; min-height: 1.5em; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 1rem; }
caption { text-align: left; font-weight: 700; font-size: 1.25rem; padding-bottom: 0.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); min-width: 6.5em; }
.holds td:nth-child(2) { color: var(--good); font-weight: 700; }
.fails td:nth-child(2) { color: var(--bad); font-weight: 700; }
.hint { font-size: 1rem; }
`;

export interface VerifierPage {
  /** A classic script; may not hold the end of its element. */
  readonly script: string;
  /** base64 of SHA-256, for the policy. */
  hash(text: string): string;
}

export function renderVerifierPage({ script, hash }: VerifierPage): string {
  // In a script both stand only in texts, where the escape means the same.
  const safe = script.replaceAll('</', String.raw`<\/`).replaceAll('<!--', String.raw`\x3c!--`);
  const policy = `default-src 'none'; script-src 'sha256-${hash(safe)}'; style-src 'sha256-${hash(STYLE)}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Verify an evidence pack - Gatehouse</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Verify an evidence pack</h1>
<p>This page checks a pack on this machine. It sends nothing anywhere and works without a network.</p>
<form hidden>
<label for="pack">The pack (.tar), or drop it on this page</label>
<input type="file" id="pack" accept=".tar,application/x-tar">
<label for="keys">Verifier keys that you have from elsewhere, a line each</label>
<p class="hint" id="keys-hint">The key of the log, as the service publishes it (name+id+key), and keys of its witnesses if you have any. Without a key from elsewhere this page can show that the pack is consistent, and not whose it is.</p>
<textarea id="keys" rows="3" aria-describedby="keys-hint" spellcheck="false" autocomplete="off"></textarea>
<p><button>Check the pack</button></p>
</form>
<noscript><p>The checks are a script in this page. Switch scripts on, or use the command <code>gatehouse code verify-pack FILE --key KEY</code>.</p></noscript>
<p id="status" role="status"></p>
<div id="results"></div>
<p class="hint">Whoever could change the pack could change this page: use one from a source that you trust, or compare its SHA-256 with the one that Gatehouse shows. What holds was not changed since it was written; whether it was true then is another question. “Attested” is the word of a named person, “judged” a judgement, “measured” a figure of the gateway. This is not legal advice.</p>
</main>
<script>${safe}</script>
</body>
</html>
`;
}
