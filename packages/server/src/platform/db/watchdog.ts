/**
 * Stops PostgreSQL when the gateway dies without a word (SIGKILL, out of memory).
 *
 * A small `sh` reads from a pipe whose other end only we hold. The kernel closes that end when we die, and then the
 * shell sends SIGINT (fast shutdown), later SIGQUIT (immediate; recovery at the next start, nothing lost). It knows
 * its server by the token on the server's command line, so it never touches a server that somebody started since,
 * nor a process that got the pid. It is started before the server: there is no moment without a guard.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSpawnOptions, type Account } from './embedded-process.ts';
import type { EmbeddedLog } from './embedded-types.ts';

export interface Watchdog {
  /** Ends the watchdog and leaves the server alone. */
  dismiss(): Promise<void>;
}

/** $1 directory of the cluster, $2 launch token. The two loops: at most 3 s until the server shows, 30 + 10 s until it is gone. */
const SCRIPT = `
trap '' HUP INT TERM
while read -r word; do [ "$word" = dismiss ] && exit 0; done
is_ours() {
  if [ -d /proc/self ]; then grep -qF -- "$2" "/proc/$1/cmdline" 2>/dev/null
  else ps -ww -o command= -p "$1" 2>/dev/null | grep -qF -- "$2"; fi
}
find_server() {
  pid=
  [ -r "$1/postmaster.pid" ] && read -r pid < "$1/postmaster.pid"
  [ -n "$pid" ] && is_ours "$pid" "$2"
}
tries=0
until find_server "$1" "$2"; do
  tries=$((tries + 1)); [ "$tries" -gt 30 ] && exit 0
  sleep 0.1
done
kill -INT "$pid"
tries=0
while is_ours "$pid" "$2"; do
  tries=$((tries + 1))
  [ "$tries" -eq 300 ] && kill -QUIT "$pid"
  [ "$tries" -gt 400 ] && exit 1
  sleep 0.1
done
`;

/** Somebody may kill the watchdog; a shell that dies at once, over and over, is given up. */
const SUCCESSORS_MAX = 5;

export interface WatchdogRequest {
  readonly clusterDir: string;
  /** Stands on the command line of the server and nowhere else. */
  readonly launchToken: string;
  readonly account: Account | undefined;
  readonly log: EmbeddedLog;
}

export function startWatchdog({ clusterDir, launchToken, account, log }: WatchdogRequest): Watchdog {
  let isDismissed = false;
  let successors = 0;
  const start = (): ChildProcess => {
    const child = spawnShell(clusterDir, launchToken, account);
    const replace = (): void => {
      if (isDismissed || child !== current) return;
      if (successors >= SUCCESSORS_MAX || child.pid === undefined) {
        log.warn({}, 'no watchdog can be run with /bin/sh: PostgreSQL would survive a kill -9 of Gatehouse');
        return;
      }
      successors += 1;
      current = start();
    };
    child.once('error', replace);
    child.once('exit', replace);
    return child;
  };
  let current = start();
  return {
    dismiss: () => {
      isDismissed = true;
      return dismiss(current);
    },
  };
}

function spawnShell(clusterDir: string, launchToken: string, account: Account | undefined): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'gatehouse-watchdog', clusterDir, launchToken], {
    ...createSpawnOptions(account),
    stdio: ['pipe', 'ignore', 'ignore'],
    // A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
    detached: true,
  });
  child.stdin?.on('error', () => undefined);
  child.unref();
  return child;
}

function dismiss(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
    child.ref();
    child.once('exit', () => resolve());
    child.stdin?.end('dismiss\n');
  });
}
