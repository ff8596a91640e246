/** The guides repeat the code, and their links lead somewhere. When the first part fails, run `npm run openapi`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { domains } from '../src/domains.ts';
import type { CommandDefinition } from '../src/platform/cli/command.ts';
import { toEnvName } from '../src/platform/config.ts';
import { PROBLEMS } from '../src/platform/errors.ts';
import { RIGHTS } from '../src/platform/http/rights.ts';
import { SETTINGS, type Setting, type SettingKey } from '../src/platform/settings.ts';
import { systemCommands } from '../src/system-commands.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const readGuide = (name: string): string => readFileSync(join(ROOT, 'docs/guide', name), 'utf8');
/** The lines of a table whose first cells begin so. */
const findRow = (text: string, start: string): string[] => text.split('\n').filter((line) => line.startsWith(start));

describe('the guides', () => {
  const [errors, operate, cli] = ['errors.md', 'operate.md', 'cli.md'].map(readGuide) as [string, string, string];

  it.each(Object.entries(PROBLEMS))('explain the error %s', (code, { status, title, remedy }) => {
    expect(findRow(errors, `| ${status} | \`${code}\` |`)).toEqual([`| ${status} | \`${code}\` | ${title} | ${remedy} |`]);
  });

  it.each(Object.keys(SETTINGS) as SettingKey[])('explain the setting %s', (key) => {
    const setting: Setting = SETTINGS[key];
    const rows = findRow(operate, `| \`${toEnvName(key)}\`<br>\`${key}\` |`);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain(setting.about);
    const fallback: unknown = setting.schema.safeParse(undefined).data;
    expect(rows[0]).toContain(fallback === undefined || (Array.isArray(fallback) && fallback.length === 0) ? '| not set |' : `| \`${String(fallback)}\``);
    // By hand: which group it belongs to.
    expect(operate.split('<!-- settings:begin -->')[0]).toContain(`\`${key}\``);
  });

  it.each(Object.entries(RIGHTS))('explain the right %s', (right, about) => {
    expect(operate).toContain(`| \`${right}\` | ${about} |`);
  });

  const commands: readonly CommandDefinition[] = [...systemCommands, ...domains.flatMap((domain) => ('commands' in domain ? (domain.commands ?? []) : []))];
  it.each(commands.map((command) => [command.name, command] as const))(
    'explain the command %s',
    (name, { summary, help, options = [], arguments: args = [] }) => {
      const section = cli.split('\n### ').find((part) => part.startsWith(`${name}\n`)) ?? '';
      expect(section).toContain(summary.slice(1));
      for (const { flags, about } of options) expect(section).toContain(`| \`${flags}\` | ${about}`);
      for (const argument of args) expect(section).toContain(`| \`${argument.name}\` | ${argument.about}`);
      expect(section).toContain(help ?? '');
    },
  );

  it('list nothing that does not exist', () => {
    const shown = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, word]) => word ?? '');
    expect(shown(errors, /^\| \d+ \| `(\w+)`/gm).toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
    expect(shown(operate, /^\| `GATEHOUSE_\w+`<br>`(\w+)`/gm)).toEqual(Object.keys(SETTINGS));
    expect(shown(operate.split('<!-- rights:begin -->')[1] ?? '', /^\| `([a-z:]+)` \|/gm).slice(0, Object.keys(RIGHTS).length)).toEqual(Object.keys(RIGHTS));
    expect(shown(cli, /^### (.+)$/gm)).toEqual([...commands.map(({ name }) => name), 'completion']);
    const known = new Set([
      ...(Object.keys(SETTINGS) as SettingKey[]).map(toEnvName),
      'GATEHOUSE_CONFIG_FILE',
      'GATEHOUSE_URL',
      'GATEHOUSE_API_KEY',
      'GATEHOUSE_KEY',
      'GATEHOUSE_CALLBACK_SECRET',
    ]);
    for (const path of markdownFiles().filter((file) => file.startsWith('docs/guide') || file === 'README.md' || file === 'docs/capacity.md'))
      expect(
        shown(readFileSync(join(ROOT, path), 'utf8'), /\b(GATEHOUSE_[A-Z_]*[A-Z])\b/g).filter((name) => !known.has(name)),
        path,
      ).toEqual([]);
  });
});

const SKIPPED = new Set(['token-status-list', 'node_modules', 'dist', 'dist-web', 'data', 'coverage', '.git', 'violations']);

/** Relative to the root. */
function markdownFiles(dir = ROOT): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) && path !== join(ROOT, 'packages/server/src/console/data') ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : [];
  });
}

const withoutCode = (text: string): string => text.replaceAll(/^(```|~~~)[^]*?^\1/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** Links and pictures, without those in code. */
function findLinks(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target]) => target ?? '');
}

/** As GitHub makes them from headings. */
function findAnchors(text: string): Set<string> {
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => id ?? ''));
  for (const [, heading = ''] of text.replaceAll(/^(```|~~~)[^]*?^\1/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function findFault(from: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(ROOT, from) : resolve(ROOT, dirname(from), decodeURIComponent(path));
  if (!existsSync(target)) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (!target.endsWith('.md') || !statSync(target).isFile()) return 'only Markdown files have anchors';
  return findAnchors(readFileSync(target, 'utf8')).has(anchor) ? undefined : 'there is no such heading';
}

describe('links', () => {
  const files = markdownFiles();

  it('are looked for in all documents', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/guide/errors.md', 'packages/hamming/README.md', 'packages/server/src/intake/README.md']));
  });

  it.each(files)('of %s lead to files and headings that exist', (file) => {
    const links = findLinks(readFileSync(join(ROOT, file), 'utf8')).filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link));
    expect(links.flatMap((link) => findFault(file, link) ?? []).length, links.map((link) => `${link}: ${findFault(file, link) ?? 'ok'}`).join('\n')).toBe(0);
  });

  it('that lead nowhere are noticed', () => {
    expect(findLinks('[a](x.md) `[b](y.md)` ![c](<z.png> "title")\n```\n[d](w.md)\n```\n')).toEqual(['x.md', 'z.png']);
    expect(findFault('README.md', 'docs/guide/nothing.md')).toBe('there is no such file');
    expect(findFault('README.md', 'docs/guide/lists.md#nothing')).toBe('there is no such heading');
    expect(findFault('README.md', 'docs/guide/lists.md#limits')).toBeUndefined();
  });
});
