/** Syntax trees as oxc writes them: ESTree with TypeScript's nodes. */

/** Every further member is read with the functions below. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value;
}

export function childOf(node: Node | undefined, member: string): Node | undefined {
  const value = node?.[member];
  return isNode(value) ? value : undefined;
}

export function childrenOf(node: Node | undefined, member: string): Node[] {
  const value = node?.[member];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of an identifier (also a private one), or the text of a string literal. */
export function nameOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  const value = node.type === 'Literal' ? node['value'] : node['name'];
  return typeof value === 'string' ? value : undefined;
}

/** `a.b` and `a['b']` as ['a', 'b']; also `globalThis.a.b`. Undefined for anything else. */
export function memberOf(node: Node): readonly [object: string, property: string] | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const object = childOf(node, 'object');
  const isGlobal = object?.type === 'MemberExpression' && nameOf(childOf(object, 'object')) === 'globalThis';
  const objectName = isGlobal ? nameOf(childOf(object, 'property')) : nameOf(object);
  const property = childOf(node, 'property');
  const propertyName = node['computed'] === true && property?.type !== 'Literal' ? undefined : nameOf(property);
  return objectName === undefined || propertyName === undefined ? undefined : [objectName, propertyName];
}
