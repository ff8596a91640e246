/** Which lists may be active in stub mode: the demonstration and our own test pictures. Whatever else is a real list. Pure. */

export const DEMONSTRATION_LIST = 'Demonstration';
/** Twice what the demonstration holds: a real list under its name is larger. */
export const STUB_ENTRIES_MAX = 500;

export function isStubList(list: { readonly name: string; readonly is_canary: boolean }, entries: number): boolean {
  return list.is_canary || (list.name === DEMONSTRATION_LIST && entries <= STUB_ENTRIES_MAX);
}
