/** Reading values out of answers of other people's servers, by dotted paths that the operator configures. */
import { ProviderFault } from './schema.ts';

/** `a.b.0.c`; undefined where there is nothing. Own properties only: an answer must not reach into prototypes. */
export function readPath(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

export function readText(value: unknown, path: string): string | undefined {
  const found = readPath(value, path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** @throws {ProviderFault} `answer_not_understood` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProviderFault('answer_not_understood', 'The provider answered with something that is not JSON.', { cause });
  }
}

/** @throws {ProviderFault} unless the status says success */
export function readReply(reply: { readonly status: number; readonly body: string }): unknown {
  if (reply.status >= 200 && reply.status < 300) return parseJson(reply.body);
  if (reply.status >= 400 && reply.status < 500 && reply.status !== 429) {
    throw new ProviderFault(
      'provider_refused',
      `The provider refused the request with status ${reply.status}. Check its client id, secret and interface version.`,
    );
  }
  throw new ProviderFault('provider_unavailable', `The provider answered with status ${reply.status}.`);
}
