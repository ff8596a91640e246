/** Holds the sources to DESIGN.md's import rules and house style, and shows that every rule catches what it is for. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe as group, expect, test } from 'vitest';
import { describe, EXCEPTIONS, findViolations, isExcepted, readProject, RULES } from './support/architecture.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PLANTED = join(import.meta.dirname, 'fixtures/violations');

group('the sources', () => {
  const project = readProject(ROOT);
  const violations = findViolations(project);

  test('were all seen', () => {
    const count = (kind: string): number => project.files.filter((file) => file.place.kind === kind).length;
    expect(count('platform')).toBeGreaterThan(40);
    expect(count('domain')).toBeGreaterThan(40);
    expect(count('library')).toBeGreaterThan(5);
    expect(count('root')).toBeGreaterThan(3);
    expect(project.domains).toEqual(['log', 'access', 'lists', 'screening', 'intake', 'surfaces', 'age', 'international', 'code', 'register', 'console']);
    // Trees and imports, not only names of files.
    expect(project.files.every((file) => file.nodes.length > 1)).toBe(true);
    expect(project.files.flatMap((file) => file.imports).length).toBeGreaterThan(300);
  });

  test('keep every rule', () => {
    expect(violations.filter((violation) => !isExcepted(violation, EXCEPTIONS)).map(describe)).toEqual([]);
  });

  test('need every exception that is made for them', () => {
    const unused = EXCEPTIONS.filter((exception) => !violations.some((violation) => isExcepted(violation, [exception])));
    expect(unused).toEqual([]);
  });
});

group('the planted violations', () => {
  const project = readProject(PLANTED);
  const found = new Set(findViolations(project).map(({ path, line, rule }) => `${path}:${line} ${rule}`));
  const planted = new Set(
    project.files.flatMap((file) => file.lines.flatMap((text, index) => readPlanted(text).map((rule) => `${file.path}:${index + 1} ${rule}`))),
  );

  test.each(RULES.map((rule) => rule.name))('%s is caught where it is broken and nowhere else', (name) => {
    const of = (all: ReadonlySet<string>): string[] => [...all].filter((line) => line.endsWith(` ${name}`)).toSorted();
    expect(of(planted).length).toBeGreaterThan(0);
    expect(of(found)).toEqual(of(planted));
  });

  test('name no rule that does not exist', () => {
    const names = new Set(RULES.map((rule) => rule.name));
    expect([...planted].filter((line) => !names.has(line.split(' ')[1] ?? ''))).toEqual([]);
  });
});

group('the planted lint violations', () => {
  test('are all found by oxlint with our configuration, and nothing else is', () => {
    // Outside of the workspace, so that neither the ignored folders nor the loosened rules for tests apply.
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lint-'));
    try {
      cpSync(join(PLANTED, 'lint'), folder, { recursive: true });
      const planted = readdirSync(folder).flatMap((name) =>
        readFileSync(join(folder, name), 'utf8')
          .split('\n')
          .flatMap((text, index) => readPlanted(text).map((rule) => `${name}:${index + 1} ${rule}`)),
      );
      expect(new Set(planted.map((line) => line.split(' ')[1])).size).toBeGreaterThan(20);
      expect(runLint(folder)).toEqual([...new Set(planted)].toSorted());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

group('the house documents', () => {
  const documents = [
    'ARCHITECTURE.md',
    'STYLE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/words.md',
    'docs/threat-model.md',
    ...readdirSync(join(ROOT, 'docs/adr')).map((name) => `docs/adr/${name}`),
  ];

  test.each(documents)('%s names only files that are there', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const named = [...text.matchAll(/`((?:packages|docs|scripts|bench|fixtures)\/[\w./-]+)`/g)].map((match) => join(ROOT, match[1] ?? ''));
    const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => join(ROOT, dirname(document), match[1] ?? ''));
    expect([...named, ...linked].filter((path) => !existsSync(path))).toEqual([]);
  });

  test('ARCHITECTURE.md lists every dependency with its exact version, and no other', () => {
    const rows = [...readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `([^`]+)` \| ([\w.-]+) \|/gm)].map(
      ([, name, version]) => `${name} ${version}`,
    );
    const declared = [
      'package.json',
      'packages/server/package.json',
      'packages/pdq/package.json',
      'packages/hamming/package.json',
      'packages/credential/package.json',
      'packages/client/package.json',
      'packages/tlog/package.json',
    ].flatMap(readDependencies);
    expect(rows.length).toBeGreaterThan(20);
    // Packages may share one, in the same version.
    expect(rows.toSorted()).toEqual([...new Set(declared)].toSorted());
  });
});

/** `name version`, without our own packages. */
function readDependencies(manifest: string): string[] {
  const parsed: unknown = JSON.parse(readFileSync(join(ROOT, manifest), 'utf8'));
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].map((member) =>
    Object.entries(Object(Reflect.get(Object(parsed), member))),
  );
  return groups.flat().flatMap(([name, version]) => (name.startsWith('@gatehouse/') ? [] : [`${name} ${String(version)}`]));
}

/** `file:line rule` for each finding. */
function runLint(folder: string): string[] {
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const { stdout } = spawnSync(process.execPath, [oxlint, '-c', join(ROOT, '.oxlintrc.json'), '--type-aware', '-f', 'unix', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const found = [...stdout.matchAll(/([\w-]+\.ts):(\d+):\d+: .*\[\w+\/\w+\(([\w-]+)\)\]$/gm)].map(([, name, line, rule]) => `${name}:${line} ${rule}`);
  return [...new Set(found)].toSorted();
}

/** `// planted: no-any, no-non-null` */
function readPlanted(line: string): string[] {
  const names = /planted: ([a-z-]+(?:, [a-z-]+)*)/.exec(line)?.[1];
  return names === undefined ? [] : names.split(', ');
}
