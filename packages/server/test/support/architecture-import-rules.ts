/** Who may import whom (DESIGN.md, import rules 1, 2, 3 and 5). */
import { posix } from 'node:path';
import { findInImports, type Finding, type Rule } from './architecture-rule.ts';
import type { Place, Project, SourceFile } from './architecture-source.ts';

const SERVER = 'packages/server/src';

/** The domain that a path lies in, whether or not the file exists. */
function domainOf(path: string | undefined): string | undefined {
  const match = path === undefined ? null : /^packages\/server\/src\/([^/]+)\/./.exec(path);
  return match?.[1] === 'platform' ? undefined : match?.[1];
}

function isRoot(path: string): boolean {
  return posix.dirname(path) === SERVER;
}

const packageOf = (path: string): string => path.split('/')[1] ?? '';
const bareName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const domainOrder: Rule = {
  name: 'domain-order',
  about: 'A domain imports only domains that stand before it in domains.ts, and nothing of the composition root (rule 1).',
  find(file, { domains }) {
    if (file.place.kind !== 'domain') return [];
    const own = file.place.name;
    const rank = domains.indexOf(own);
    return findInImports(file, ({ target }) => {
      if (target !== undefined && isRoot(target)) return `a domain must not import ${posix.basename(target)}`;
      const other = domainOf(target);
      if (other === undefined || other === own) return undefined;
      const otherRank = domains.indexOf(other);
      return otherRank >= 0 && otherRank < rank ? undefined : `${own} stands before ${other}; what must travel upward is an event`;
    });
  },
};

const domainFaceOnly: Rule = {
  name: 'domain-face-only',
  about: 'Of another domain only its index.ts is imported, by domains and by the composition root alike (rule 1).',
  find(file) {
    if (file.place.kind !== 'domain' && file.place.kind !== 'root') return [];
    const own = file.place.kind === 'domain' ? file.place.name : undefined;
    return findInImports(file, ({ target }) => {
      const other = domainOf(target);
      if (other === undefined || other === own || target === `${SERVER}/${other}/index.ts`) return undefined;
      return `import ${other}/index.ts instead`;
    });
  },
};

const platformBelowDomains: Rule = {
  name: 'platform-below-domains',
  about: 'The platform imports no domain and nothing of the composition root (rule 2).',
  find(file) {
    if (file.place.kind !== 'platform') return [];
    return findInImports(file, ({ target }) =>
      target !== undefined && (domainOf(target) !== undefined || isRoot(target)) ? `the platform must not import ${target}` : undefined,
    );
  },
};

const packagesApart: Rule = {
  name: 'packages-apart',
  about: 'A package reaches another one by its name and only when its package.json declares it; libraries know nothing of the server (rule 2).',
  find(file, { manifests }) {
    const name = packageOf(file.path);
    const manifest = manifests.get(name);
    return findInImports(file, ({ specifier, target, isTypeOnly }) => {
      if (target !== undefined) return packageOf(target) === name ? undefined : `this leads into packages/${packageOf(target)}; use the package's name`;
      if (specifier === '' || specifier.startsWith('node:') || bareName(specifier) === manifest?.name) return undefined;
      const declared = manifest?.declared.has(bareName(specifier)) === true || (isTypeOnly && file.place.kind === 'web');
      return declared || file.isTest ? undefined : `${bareName(specifier)} is not a dependency in packages/${name}/package.json`;
    });
  },
};

/** Verifying credentials is for servers (ADR 0020): these modules of Node calculate, and reach nothing outside. */
const CALCULATING = new Map([['credential', new Set(['node:crypto', 'node:zlib', 'node:buffer'])]]);

const librariesWithoutInput: Rule = {
  name: 'libraries-without-io',
  about: 'The libraries run in the browser too: no module of Node (DESIGN.md, layout); packages/credential may calculate with it.',
  find(file) {
    if (file.place.kind !== 'library' || file.isTest) return [];
    const allowed = CALCULATING.get(packageOf(file.path));
    return findInImports(file, ({ specifier }) =>
      specifier.startsWith('node:') && allowed?.has(specifier) !== true ? `${specifier} exists only in Node` : undefined,
    );
  },
};

const webApart: Rule = {
  name: 'web-apart',
  about: 'Browser code imports at most types from a schema.ts of the server (style-and-toolchain.md, A5, rule 5).',
  find(file) {
    if (file.place.kind !== 'web') return [];
    return findInImports(file, ({ target, isTypeOnly }) => {
      if (target === undefined || target.startsWith('packages/server/web/')) return undefined;
      return isTypeOnly && target.endsWith('/schema.ts') ? undefined : 'only types, and only of a schema.ts';
    });
  },
};

const surfacesWithoutStore: Rule = {
  name: 'surfaces-call-service',
  about: 'Routes, pages, commands and jobs call the service, never the store or the migrations (rule 3).',
  find(file, project) {
    if (!hasRole(file.place, 'surface') || file.isTest) return [];
    return findInImports(file, ({ target, isTypeOnly }) =>
      isTypeOnly || !(isOfRole(project, target, 'store') || isOfRole(project, target, 'migrations')) ? undefined : 'call the service instead',
    );
  },
};

const surfacesOnTop: Rule = {
  name: 'surfaces-on-top',
  about: 'Only index.ts, of the domain or of a room in it, and other surfaces of the domain import a surface: no rule hides in one (rule 5).',
  find(file, project) {
    if (file.place.kind !== 'domain' || file.isTest || file.path.endsWith('/index.ts') || file.place.role === 'surface') return [];
    return findInImports(file, ({ target, isTypeOnly }) =>
      !isTypeOnly && isOfRole(project, target, 'surface') ? 'move what is shared into the service, the rules or the schema' : undefined,
    );
  },
};

const resolvable: Rule = {
  name: 'resolvable-import',
  about: 'Every relative import names a file that is there, with its ending, and no import() is computed: what cannot be followed cannot be checked.',
  find(file, project) {
    return findInImports(file, ({ specifier, target }) => {
      if (specifier === '') return 'a computed import cannot be checked';
      return target === undefined || project.has(target) ? undefined : `${specifier} leads nowhere`;
    });
  },
};

const domainFace: Rule = {
  name: 'domain-face',
  about: 'A domain is a folder with README.md and index.ts, made by defineDomain and listed in domains.ts (rule 5).',
  find(file, project) {
    const { place } = file;
    if (place.kind !== 'domain') return [];
    const isFirst = project.files.find((other) => other.place.kind === 'domain' && other.place.name === place.name) === file;
    const findings: Finding[] = [];
    const folder = `${SERVER}/${place.name}`;
    if (isFirst && !project.domains.includes(place.name)) findings.push({ line: 1, message: `${place.name} is not in domains.ts` });
    if (isFirst && !project.has(`${folder}/README.md`)) findings.push({ line: 1, message: `${folder} has no README.md` });
    if (isFirst && !project.has(`${folder}/index.ts`)) findings.push({ line: 1, message: `${folder} has no index.ts` });
    if (place.role === 'index' && !/\bdefineDomain\b/.test(file.text)) findings.push({ line: 1, message: 'index.ts makes the domain with defineDomain' });
    return findings;
  },
};

/** Runtime imports only: a type import is erased and orders nothing. */
const noCircle: Rule = {
  name: 'no-import-circle',
  about: 'No circle of runtime imports.',
  find(file, project) {
    return findInImports(file, ({ target, isTypeOnly }) => {
      if (isTypeOnly || target === undefined) return undefined;
      return target === file.path || reachableFrom(project, target).has(file.path) ? `${target} imports this file again` : undefined;
    });
  },
};

const reachCache = new WeakMap<Project, Map<string, ReadonlySet<string>>>();

function reachableFrom(project: Project, start: string): ReadonlySet<string> {
  const cache = reachCache.get(project) ?? new Map<string, ReadonlySet<string>>();
  reachCache.set(project, cache);
  const known = cache.get(start);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { target, isTypeOnly } of project.find(path)?.imports ?? []) {
      if (isTypeOnly || target === undefined || seen.has(target)) continue;
      seen.add(target);
      open.push(target);
    }
  }
  cache.set(start, seen);
  return seen;
}

function hasRole(place: Place, ...roles: readonly string[]): boolean {
  return place.kind === 'domain' && roles.includes(place.role);
}

function isOfRole(project: Project, path: string | undefined, role: string): boolean {
  const other: SourceFile | undefined = path === undefined ? undefined : project.find(path);
  return other !== undefined && hasRole(other.place, role);
}

export const importRules: readonly Rule[] = [
  domainOrder,
  domainFaceOnly,
  platformBelowDomains,
  packagesApart,
  librariesWithoutInput,
  webApart,
  surfacesWithoutStore,
  surfacesOnTop,
  resolvable,
  domainFace,
  noCircle,
];
