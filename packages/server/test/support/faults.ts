/** Errors outside of every test, such as of a socket to which nobody listens, or a promise that nobody has: they end a server, and only the whole test run tells of them. */
export async function collectUncaught(work: () => Promise<unknown>): Promise<unknown[]> {
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('uncaughtExceptionMonitor', note).on('unhandledRejection', note);
  try {
    await work();
    // Rejections are told of at the end of a turn.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('uncaughtExceptionMonitor', note).off('unhandledRejection', note);
  }
  return uncaught;
}
