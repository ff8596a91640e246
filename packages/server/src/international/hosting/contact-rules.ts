/** Which mailboxes in registries are nobody's. */

/** The registries themselves: what stands there under their names is a placeholder for a contact that they do not have. */
const REGISTRIES = /@([a-z0-9-]+\.)*(afrinic\.net|apnic\.net|arin\.net|iana\.org|icann\.org|lacnic\.net|ripe\.net)$/i;
const NOBODY =
  /^(anonymi[sz]ed|bitbucket|devnull|dev-null|do-?not-?reply|no-?(email|mail|reply|valid-?email)|nobody|none|null|unread|redacted.*|please.?query.*)@/i;

/** @returns why nothing should be sent there; null when nothing is known against it */
export function findProblem(email: string | null): string | null {
  if (email === null) return null;
  if (REGISTRIES.test(email)) return `${email} is a placeholder of the registry: nobody there answers for this network.`;
  if (NOBODY.test(email)) return `${email} is a placeholder: nobody reads it.`;
  return null;
}
