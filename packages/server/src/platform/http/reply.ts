/** Shapes of replies. */
export function json(value: unknown, options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}): Response {
  return new Response(JSON.stringify(value), {
    status: options.status ?? 200,
    headers: { 'content-type': 'application/json; charset=utf-8', ...options.headers },
  });
}

export function html(markup: string, options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}): Response {
  return new Response(markup, { status: options.status ?? 200, headers: { 'content-type': 'text/html; charset=utf-8', ...options.headers } });
}

/** After a form: see the other page. Only addresses of our own. */
export function seeOther(path: `/${string}`, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { location: path, ...headers } });
}

export function noContent(): Response {
  return new Response(null, { status: 204 });
}
