/**
 * Reads the sources of the workspace into syntax trees, for the architecture test.
 *
 * TypeScript 7 has no JavaScript API, and dependency-cruiser with it reports "0 modules, no violations" (docs/adr/0016). The parser here is
 * oxc's, which vitest hands on. It throws on what it cannot parse, so no file is skipped in silence.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseAst } from 'vitest/node';
import { findImports, type Import } from './architecture-imports.ts';
import { childOf, childrenOf, isNode, nameOf, type Node } from './architecture-node.ts';

export type Role = 'index' | 'schema' | 'rules' | 'store' | 'migrations' | 'surface' | 'other';

/** Where a file belongs, which decides what it may do. */
export type Place =
  | { readonly kind: 'library'; readonly name: string }
  | { readonly kind: 'platform' }
  | { readonly kind: 'domain'; readonly name: string; readonly role: Role }
  /** `app.ts`, `main.ts` and their neighbours. */
  | { readonly kind: 'root' }
  | { readonly kind: 'web' };

export interface SourceFile {
  /** From the root of the workspace, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly place: Place;
  readonly isTest: boolean;
  readonly isGenerated: boolean;
  /** Every node with its parent, in source order. */
  readonly nodes: readonly (readonly [node: Node, parent: Node | undefined])[];
  readonly imports: readonly Import[];
  lineOf(node: Pick<Node, 'start'>): number;
}

export interface Project {
  readonly root: string;
  readonly files: readonly SourceFile[];
  /** Names of the domains, in the order of `domains.ts`. */
  readonly domains: readonly string[];
  /** The parsed `package.json` of each workspace package, by folder name. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  find(path: string): SourceFile | undefined;
  has(path: string): boolean;
}

export interface Manifest {
  readonly name: string;
  readonly declared: ReadonlySet<string>;
}

const SERVER = 'packages/server/src';
const DOMAINS_FILE = `${SERVER}/domains.ts`;

export function readProject(root: string): Project {
  const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'src')));
  const folders = [...packages.map((name) => `packages/${name}/src`), 'packages/server/web'];
  const files = folders.flatMap((folder) => listSources(root, folder)).map((path) => readSource(root, path));
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    root,
    files,
    domains: readDomainOrder(byPath.get(DOMAINS_FILE)),
    manifests: new Map(packages.map((name) => [name, readManifest(join(root, 'packages', name, 'package.json'))])),
    find: (path) => byPath.get(path),
    has: (path) => byPath.has(path) || existsSync(join(root, path)),
  };
}

function listSources(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : listSources(root, path);
      return /\.(ts|tsx|mts|cts|js|mjs|cjs)$/.test(entry.name) ? [path] : [];
    });
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const program = parseSource(text, path);
  const nodes = flatten(program);
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const lineOf = ({ start }: Pick<Node, 'start'>): number => lineStarts.findLastIndex((lineStart) => lineStart <= start) + 1;
  return {
    path,
    text,
    lines: text.replace(/\n$/, '').split('\n'),
    place: toPlace(path),
    isTest: /\.(test|bench)\.tsx?$/.test(path),
    isGenerated: /\.(gen|wasm)\.ts$/.test(path),
    nodes,
    imports: findImports(nodes, path, lineOf),
    lineOf,
  };
}

function parseSource(text: string, path: string): Node {
  try {
    const program: unknown = parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path);
    if (isNode(program)) return program;
  } catch (cause) {
    throw new Error(`${path} cannot be parsed`, { cause });
  }
  throw new Error(`${path}: the parser returned no tree`);
}

function flatten(program: Node): (readonly [Node, Node | undefined])[] {
  const found: (readonly [Node, Node | undefined])[] = [];
  const walk = (node: Node, parent: Node | undefined): void => {
    found.push([node, parent]);
    for (const value of Object.values(node)) {
      if (isNode(value)) walk(value, node);
      else if (Array.isArray(value)) for (const item of value) if (isNode(item)) walk(item, node);
    }
  };
  walk(program, undefined);
  return found;
}

function toPlace(path: string): Place {
  const [, packageName = '', area, first = '', ...rest] = path.split('/');
  if (packageName !== 'server') return { kind: 'library', name: packageName };
  if (area === 'web') return { kind: 'web' };
  if (first === 'platform') return { kind: 'platform' };
  return rest.length === 0 ? { kind: 'root' } : { kind: 'domain', name: first, role: toRole(rest.join('/')) };
}

/** `store.ts`, `store-entries.ts` and `entry-store.ts` are stores; the like holds for the other roles. Everything with JSX is a surface. */
function toRole(inner: string): Role {
  const words = basename(inner).split('.')[0]?.split('-') ?? [];
  const is = (...names: readonly string[]): boolean => names.includes(words[0] ?? '') || names.includes(words.at(-1) ?? '');
  if (inner === 'index.ts') return 'index';
  if (inner.endsWith('.tsx') || is('routes', 'route', 'pages', 'page', 'commands', 'command', 'jobs', 'job')) return 'surface';
  if (is('store')) return 'store';
  if (is('migrations')) return 'migrations';
  if (is('rules')) return 'rules';
  return is('schema') ? 'schema' : 'other';
}

/** `export const domains = [accessDomain, listsDomain] as const`, each imported from its folder. */
function readDomainOrder(file: SourceFile | undefined): string[] {
  if (file === undefined) throw new Error(`${DOMAINS_FILE} is missing: it holds the order of the domains`);
  const folders = new Map(file.imports.flatMap((found) => found.names.map((name) => [name, found.specifier.split('/')[1] ?? ''] as const)));
  const declaration = file.nodes.find(([node]) => node.type === 'VariableDeclarator' && nameOf(childOf(node, 'id')) === 'domains')?.[0];
  const list = file.nodes.find(
    ([node]) => declaration !== undefined && node.type === 'ArrayExpression' && node.start >= declaration.start && node.end <= declaration.end,
  )?.[0];
  const order = childrenOf(list, 'elements').map((element) => folders.get(nameOf(element) ?? '') ?? '');
  if (order.length === 0 || order.includes(''))
    throw new Error(`${DOMAINS_FILE} must hold \`export const domains = [ … ] as const\` with one import for each domain`);
  return order;
}

function readManifest(path: string): Manifest {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const read = (member: string): unknown => Reflect.get(Object(parsed), member);
  const groups = ['dependencies', 'optionalDependencies', 'peerDependencies'].map((member) => Object.keys(Object(read(member))));
  return { name: String(read('name')), declared: new Set(groups.flat()) };
}
