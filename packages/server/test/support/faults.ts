/** Errors outside of every test, such as of a socket to which nobody listens: they end a server, and only the whole test run tells of them. */
export async function collectUncaught(work: () => Promise<unknown>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtExceptionMonitor', note);
  try {
    await work();
  } finally {
    process.off('uncaughtExceptionMonitor', note);
  }
  return uncaught;
}
