/** Who may touch time, randomness, the environment, the console, SQL and the making of things (DESIGN.md, import rules 3 and 4). */
import { childOf, childrenOf, memberOf, nameOf, type Node } from './architecture-node.ts';
import { findInImports, findInNodes, type Finding, type Rule } from './architecture-rule.ts';
import type { SourceFile } from './architecture-source.ts';

const PLATFORM = 'packages/server/src/platform';

interface Access {
  readonly name: string;
  readonly about: string;
  /** The one file that may. */
  readonly owner: string;
  readonly member?: (object: string, property: string) => boolean;
  /** Other nodes, such as `new Date()`. */
  readonly node?: (node: Node) => boolean;
  readonly imports?: (specifier: string, names: readonly string[]) => boolean;
}

/** A rule "only `owner` does this". Tests beside the source are free: they hold the outside still. */
function onlyIn(access: Access): Rule {
  const remedy = `only ${access.owner.replace(`${PLATFORM}/`, 'platform/')} may`;
  return {
    name: access.name,
    about: access.about,
    find(file) {
      if (file.path === access.owner || file.isTest) return [];
      return [
        ...findInNodes(file, (node) => {
          const member = memberOf(node);
          const isMember = member !== undefined && access.member?.(member[0], member[1]) === true;
          return isMember || takesApart(node, access) || access.node?.(node) === true ? remedy : undefined;
        }),
        ...findInImports(file, ({ specifier, valueNames }) => (access.imports?.(specifier, valueNames) === true ? remedy : undefined)),
      ];
    },
  };
}

/** `const { env } = process` */
function takesApart(node: Node, access: Access): boolean {
  if (node.type !== 'VariableDeclarator') return false;
  const pattern = childOf(node, 'id');
  const object = nameOf(childOf(node, 'init'));
  if (pattern?.type !== 'ObjectPattern' || object === undefined) return false;
  return childrenOf(pattern, 'properties').some((property) => access.member?.(object, nameOf(childOf(property, 'key')) ?? '') === true);
}

const isCallOf = (node: Node, name: string): boolean =>
  (node.type === 'CallExpression' || node.type === 'NewExpression') && nameOf(childOf(node, 'callee')) === name;
const isModule = (specifier: string, name: string): boolean => specifier === `node:${name}` || specifier === name;

const environment = onlyIn({
  name: 'environment',
  about: 'Only platform/config.ts reads the environment (rule 4).',
  owner: `${PLATFORM}/config.ts`,
  member: (object, property) => object === 'process' && (property === 'env' || property === 'loadEnvFile'),
  node: (node) => node.type === 'MemberExpression' && childOf(node, 'object')?.type === 'MetaProperty' && nameOf(childOf(node, 'property')) === 'env',
  imports: (specifier, names) => isModule(specifier, 'process') && names.some((name) => ['env', 'default', '*'].includes(name)),
});

const time = onlyIn({
  name: 'time',
  about: 'Only platform/clock.ts reads the time; everything else takes a Clock (rule 4).',
  owner: `${PLATFORM}/clock.ts`,
  member: (object, property) =>
    (object === 'Date' && property === 'now') ||
    object === 'performance' ||
    (object === 'process' && ['hrtime', 'uptime'].includes(property)) ||
    (object === 'Temporal' && property === 'Now'),
  node: (node) => isCallOf(node, 'Date') && (node.type === 'CallExpression' || childrenOf(node, 'arguments').length === 0),
  imports: (specifier, names) => isModule(specifier, 'perf_hooks') && names.length > 0,
});

const RANDOM = ['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues', 'pseudoRandomBytes'];

/** Key pairs may be generated where the key is kept: the library draws, and what it draws is never an id. */
const randomness = onlyIn({
  name: 'randomness',
  about: 'Only platform/ids.ts draws randomness (rule 4).',
  owner: `${PLATFORM}/ids.ts`,
  member: (object, property) => (object === 'Math' && property === 'random') || RANDOM.includes(property),
  imports: (specifier, names) => isModule(specifier, 'crypto') && names.some((name) => [...RANDOM, 'webcrypto', 'default', '*'].includes(name)),
});

const consoleAccess = onlyIn({
  name: 'console',
  about: 'Only platform/log.ts writes to the console (rule 4).',
  owner: `${PLATFORM}/log.ts`,
  member: (object, property) => object === 'console' || (object === 'process' && ['stdout', 'stderr', 'emitWarning', '_rawDebug'].includes(property)),
  imports: (specifier, names) =>
    (isModule(specifier, 'process') && names.some((name) => ['stdout', 'stderr'].includes(name))) || (isModule(specifier, 'console') && names.length > 0),
});

/** The parts of the platform that exist once for a process. */
const MAKERS = /^(create|open|start|listen|acquire|supervise)[A-Z]|^(systemClock|systemTerminal)$/;
/** Make a value out of parts that the caller was given: for one command, for one domain. */
const VALUE_MAKERS = new Set(['createAddressCheck', 'createProgressBar', 'createWaiters']);

const COMPOSITION = /^packages\/server\/src\/(app|listening|main|program)\.ts$/;

const construction: Rule = {
  name: 'construction',
  about:
    'Only app.ts constructs (with listening.ts, its last step, and the two programs beside it): everybody else receives the parts of the platform in the AppContext (rule 4).',
  find(file) {
    if (!['domain', 'root'].includes(file.place.kind) || COMPOSITION.test(file.path) || file.isTest) return [];
    return [
      ...findInImports(file, ({ target, valueNames }) => {
        const made = target?.startsWith(`${PLATFORM}/`) === true ? valueNames.find((name) => MAKERS.test(name) && !VALUE_MAKERS.has(name)) : undefined;
        return made === undefined ? undefined : `${made} is for app.ts; take the part from the AppContext`;
      }),
      ...findInNodes(file, (node) => {
        const member = node.type === 'CallExpression' ? childOf(node, 'callee') : undefined;
        const name = member === undefined ? undefined : memberOf(member);
        return name?.[1] === 'create' && name[0].endsWith('Domain') ? 'only app.ts creates domains' : undefined;
      }),
    ];
  },
};

const QUERY_PACKAGES = /^(kysely|pg|pg-copy-streams|pg-boss)(\/|$)/;
const QUERY_METHODS = ['selectFrom', 'insertInto', 'updateTable', 'deleteFrom', 'mergeInto', 'replaceInto', 'withTables', 'executeQuery'];
const STATEMENT =
  /^\s*(select\s[^]*\sfrom\s|insert\s+into\s|update\s+[\w."]+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|schema|index|view)\s|copy\s+[\w."]+\s*(\(|from|to))/i;

const sqlInStore: Rule = {
  name: 'sql-in-store',
  about: 'In a domain only store*.ts and migrations.ts hold SQL: query builders, the driver and statements (rule 3).',
  find(file) {
    if (file.place.kind !== 'domain' || file.isTest || file.place.role === 'store' || file.place.role === 'migrations') return [];
    return [
      ...findInImports(file, ({ specifier, isTypeOnly }) =>
        !isTypeOnly && QUERY_PACKAGES.test(specifier) ? `${specifier} belongs into the store` : undefined,
      ),
      ...findInNodes(file, (node) => {
        const property = node.type === 'MemberExpression' ? nameOf(childOf(node, 'property')) : undefined;
        if (property !== undefined && QUERY_METHODS.includes(property)) return `${property} belongs into the store`;
        if (/^(pool|client)\.query$/.test(memberOf(node)?.join('.') ?? '')) return 'queries belong into the store';
        return isStatement(readText(node)) ? 'a statement belongs into the store' : undefined;
      }),
    ];
  },
};

/** `Select a file from …` is a sentence: statements are written in small letters, or in capitals throughout. */
function isStatement(text: string): boolean {
  return STATEMENT.test(text) && !/^\s*[A-Z][a-z]/.test(text);
}

/** Static text of a string or of the first part of a template. */
function readText(node: Node): string {
  if (node.type === 'Literal') return nameOf(node) ?? '';
  if (node.type !== 'TemplateLiteral') return '';
  return childrenOf(node, 'quasis')
    .map((quasi) => String(Reflect.get(Object(quasi['value']), 'raw')))
    .join(' ? ');
}

/** Values that rules may use although they live elsewhere: the error class and the closed tables of the platform, other rules and schemas. */
const PURE_TARGETS = /^packages\/server\/src\/(platform\/(errors|http\/rights|ui\/format)\.ts$|([^/]+\/)+([a-z-]+-)?(rules|schema)(-[a-z-]+)?\.ts$)/;
const IMPURE_GLOBALS = new Set([
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
  'performance',
  'console',
  'globalThis',
]);

const pureRules: Rule = {
  name: 'pure-rules',
  about:
    'rules.ts is pure: types from anywhere, values only from libraries, rules, schemas and what formats figures; no time, randomness or I/O, nothing awaited (rule 3).',
  find(file) {
    if (file.place.kind !== 'domain' || file.place.role !== 'rules' || file.isTest) return [];
    return [
      ...findInImports(file, (found) => (found.isTypeOnly || isPureImport(found) ? undefined : `${found.specifier} is not pure`)),
      ...findImpurities(file),
    ];
  },
};

function isPureImport({ specifier, target }: SourceFile['imports'][number]): boolean {
  return target === undefined ? specifier.startsWith('@gatehouse/') || specifier === 'zod' : PURE_TARGETS.test(target);
}

function findImpurities(file: SourceFile): Finding[] {
  return findInNodes(file, (node, parent) => {
    if (node.type === 'AwaitExpression' || node['async'] === true) return 'rules wait for nothing';
    if (isCallOf(node, 'Date') && childrenOf(node, 'arguments').length === 0) return 'rules do not read the time; take it as an argument';
    const member = memberOf(node)?.join('.');
    if (member === 'Date.now' || member === 'Math.random') return `${member} is not pure; take it as an argument`;
    return isImpureGlobal(node, parent) ? `${nameOf(node)} is not pure` : undefined;
  });
}

/** The global itself, not a property that happens to bear its name. */
function isImpureGlobal(node: Node, parent: Node | undefined): boolean {
  if (node.type !== 'Identifier' || !IMPURE_GLOBALS.has(nameOf(node) ?? '')) return false;
  const isProperty = childOf(parent, 'property') === node || childOf(parent, 'key') === node;
  return !isProperty || parent?.['computed'] === true;
}

export const accessRules: readonly Rule[] = [environment, time, randomness, consoleAccess, construction, sqlInStore, pureRules];
