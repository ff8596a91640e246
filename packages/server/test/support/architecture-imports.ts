/** Every way in which one file can name another: import, export from, import(), import types and require. */
import { posix } from 'node:path';
import { childOf, childrenOf, nameOf, type Node } from './architecture-node.ts';

export interface Import {
  /** As written; undefined members of a computed `import(x)` read ''. */
  readonly specifier: string;
  readonly line: number;
  /** Erased by the compiler (verbatimModuleSyntax): `import type`, or every name marked `type`. */
  readonly isTypeOnly: boolean;
  /** Imported names as the other file calls them; `*` for all, `default` for the default export. */
  readonly names: readonly string[];
  /** The same without those that are marked `type`. */
  readonly valueNames: readonly string[];
  /** For relative ones: the path of the other file from the root of the workspace. */
  readonly target: string | undefined;
}

type Visited = readonly (readonly [node: Node, parent: Node | undefined])[];

export function findImports(nodes: Visited, path: string, lineOf: (node: Node) => number): Import[] {
  return nodes.flatMap(([node]) => {
    const found = readImport(node);
    if (found === undefined) return [];
    const target = found.specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), found.specifier)) : undefined;
    return [{ ...found, line: lineOf(node), target }];
  });
}

type Found = Omit<Import, 'line' | 'target'>;

function readImport(node: Node): Found | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return readDeclaration(node, 'importKind');
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return childOf(node, 'source') === undefined ? undefined : readDeclaration(node, 'exportKind');
    case 'ImportExpression':
      return { specifier: nameOf(childOf(node, 'source')) ?? '', isTypeOnly: false, names: ['*'], valueNames: ['*'] };
    case 'TSImportType':
      return { specifier: nameOf(childOf(node, 'source')) ?? '', isTypeOnly: true, names: ['*'], valueNames: [] };
    case 'CallExpression':
      return readRequire(node);
    default:
      return undefined;
  }
}

function readDeclaration(node: Node, kind: 'importKind' | 'exportKind'): Found {
  const specifiers = childrenOf(node, 'specifiers');
  const isWholeType = node[kind] === 'type';
  const read = (specifier: Node): string => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default';
    return nameOf(childOf(specifier, kind === 'importKind' ? 'imported' : 'local')) ?? '*';
  };
  const names = node.type === 'ExportAllDeclaration' ? ['*'] : specifiers.map(read);
  const valueNames = isWholeType ? [] : node.type === 'ExportAllDeclaration' ? ['*'] : specifiers.filter((specifier) => specifier[kind] !== 'type').map(read);
  // `import './x.ts'` has no names and is a value import all the same.
  const isTypeOnly = isWholeType || (names.length > 0 && valueNames.length === 0);
  return { specifier: nameOf(childOf(node, 'source')) ?? '', isTypeOnly, names, valueNames };
}

/** `require('x')` and `require.resolve('x')`, as createRequire gives them. A computed one is left to the packages' own checks. */
function readRequire(node: Node): Found | undefined {
  const callee = childOf(node, 'callee');
  const name = callee?.type === 'MemberExpression' ? nameOf(childOf(callee, 'object')) : nameOf(callee);
  const argument = childrenOf(node, 'arguments')[0];
  const specifier = argument?.type === 'Literal' ? nameOf(argument) : undefined;
  return name === 'require' && specifier !== undefined ? { specifier, isTypeOnly: false, names: ['*'], valueNames: ['*'] } : undefined;
}
