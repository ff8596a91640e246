/** README.txt of a pack: what is in it and how to check it, for a person who has nothing of ours. */
import type { Evaluation } from '../evidence/schema.ts';

interface ReadmeView {
  readonly origin: string;
  readonly evaluation: Evaluation;
  readonly disclaimer: string;
}

export function renderReadme({ origin, evaluation, disclaimer }: ReadmeView): string {
  return `EVIDENCE PACK

Service (by the name of its log): ${origin}
Evaluation: ${evaluation.id}, ${evaluation.at}, catalogue ${evaluation.catalogueVersion}

${disclaimer}

HOW TO CHECK IT
1. Get the verifier key of the log from the service itself, by another way than this pack.
2. Open verify.html in a browser; the network may be off. Choose this .tar, paste the key.
   Or: gatehouse code verify-pack FILE --key KEY
   Whoever could change this pack could change verify.html, too: take it from a source that you trust.
3. Or with your own tools: manifest.note is a C2SP signed note over the SHA-256 of manifest.json;
   manifest.json has the SHA-256 of every other file; proofs/*.tlog-proof are C2SP tlog-proofs of the
   entries beside them; an entry's digest is the SHA-256 of evaluation.json or of records/<id>.json.

WHAT IS IN IT
evaluation.json      every measure with its state, every figure with window, threshold and reason
catalogue/           the measures, as their publisher signed them, with the keys of publishers
facts.json           the facts about the service on which it depends what applies; facts-said.json: how and when
                     each was answered
records/             assessments, measures in effect, alternatives, attestations, as they were signed;
                     index.json says which are in effect and which were superseded, and until when they are kept
gaps.json            what was open, whose it is, until when
proofs/              for the evaluation and each record: the entry of the transparency log, and its proof
log/                 the last checkpoint of the log, its verifier key, keys of its witnesses
oscal/               the same as OSCAL 1.2.2; losses.json says what that format cannot say
tables/              the same as CSV

WHAT IT SHOWS, AND WHAT NOT
It shows that nothing was changed since it was written down, and when that was, as far as the log and its
witnesses are believed. It does not show that a figure was true. "measured": taken by the gateway itself.
"attested": the word of a named person, until the day it names. "not evaluated": nothing is known, and that
is never a pass. RFC 3161 time stamps are not in this pack: \`gatehouse log export\` writes them with the log.
`;
}
