/** `gatehouse serve`: start, say where, wait for a signal, stop. */
import { startApp, type App } from './app.ts';
import type { CommandContext } from './platform/cli/command.ts';
import { createLog } from './platform/log.ts';
import { VERSION } from './platform/version.ts';

export interface ServeOptions {
  readonly isPublicOnly: boolean;
}

export async function serve(context: CommandContext, { isPublicOnly }: ServeOptions): Promise<number> {
  const loaded = context.config();
  const log = createLog(loaded.config.logLevel, { write: (line) => context.terminal.err(line) });
  if (!context.isJson) context.terminal.err(`Gatehouse ${VERSION} is starting; data in ${loaded.config.dataDir}\n`);
  const app = await startApp({ loaded, log, clock: context.clock, listen: 'all', isPublicOnly, signal: context.signal });
  try {
    await (isPublicOnly ? announcePublic(context, app) : announce(context, app));
    await untilAborted(context.signal);
    log.info({}, 'stopping: no new request is taken, those under way are finished');
  } finally {
    await app.stop();
  }
  return 0;
}

/** Without a link to sign in: there is nothing to sign in to. */
async function announcePublic({ terminal, isJson }: CommandContext, { url }: App): Promise<void> {
  terminal.out(
    isJson
      ? `${JSON.stringify({ url, publicOnly: true })}\n`
      : `Gatehouse is ready at ${url ?? ''}, and serves only what is published there.\nEverything else: the command line on this machine. Stop with Ctrl-C.\n`,
  );
}

async function announce(context: CommandContext, app: App): Promise<void> {
  const { access } = app.services;
  const link = (await access.needsFirstSignIn()) ? await access.createFirstSignInLink() : undefined;
  if (context.isJson) {
    context.terminal.out(`${JSON.stringify({ url: app.url, ...(link === undefined ? {} : { signInLink: link.url, expiresAt: link.expiresAt }) })}\n`);
    return;
  }
  const lines = [`Gatehouse is ready at ${app.url ?? '(control socket only)'}`];
  if (link !== undefined) lines.push('', 'Sign in with this link. It works once, until ' + link.expiresAt + ':', `  ${link.url}`, '');
  lines.push('A further sign-in link: npm run -s gatehouse -- access sign-in-link', 'Stop with Ctrl-C.');
  context.terminal.out(`${lines.join('\n')}\n`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
