/** A result that is made when it is first asked for and kept; a failure is not kept, so what is put right needs no restart. */
export function keepMade<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
