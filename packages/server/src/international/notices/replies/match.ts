/** Which notice a reply answers. Only by what its recipient alone can know; who says they wrote it decides nothing. */
import type { Reply, ReplyIndex } from './schema.ts';

export async function matchReply({ refersTo, tokens }: Reply, index: ReplyIndex): Promise<string | null> {
  for (const messageId of refersTo) {
    const found = await index.byMessageId(messageId);
    if (found !== null) return found;
  }
  const named = new Set<string>();
  for (const token of tokens) {
    const found = await index.byToken(token);
    if (found !== null) named.add(found);
  }
  const [only, ...others] = named;
  // Two notices in one reply: a person tells them apart.
  return others.length > 0 ? null : (only ?? null);
}
