/**
 * Puts modules together into one script, for a page that must work from a file: such a page can import nothing. The modules are the built ones of this
 * package and of the library, as the compiler writes them; a form of import or export that is not known here is refused, not guessed.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { GatehouseError } from '../../platform/errors.ts';

const IMPORT = /^import \{([^}]*)\} from ['"]([^'"]+)['"];$/gm;
const REEXPORT = /^export \{([^}]*)\} from ['"]([^'"]+)['"];$/gm;
const DECLARATION = /^export ((?:async )?function\*?|class|const|let) ([A-Za-z_$][\w$]*)/gm;
const LIST = /^export \{([^}]*)\};$/gm;
const SOURCE_MAP = /^\/\/# sourceMappingURL=.*$/gm;
const UNKNOWN = /^(?:import|export)\b.*$/m;

interface Linked {
  readonly names: Map<string, string>;
  readonly parts: string[];
}

/** @param entries absolute paths. @returns a script in which `m0`, `m1`, … hold what the entries export, in their order */
export async function linkScript(entries: readonly string[]): Promise<string> {
  const linked: Linked = { names: new Map(), parts: [] };
  const own: string[] = [];
  for (const entry of entries) own.push(await addModule(linked, entry));
  const aliases = own.map((name, i) => `const m${i} = ${name};`);
  return `${linked.parts.join('\n')}\n${aliases.join('\n')}\n`;
}

/** What a module needs comes before it. @returns the name of the module in the script */
async function addModule(linked: Linked, path: string): Promise<string> {
  const known = linked.names.get(path);
  if (known !== undefined) return known;
  const text = (await readModule(path)).replace(SOURCE_MAP, '');
  const needed = new Map<string, string>();
  for (const [, , specifier = ''] of [...text.matchAll(IMPORT), ...text.matchAll(REEXPORT)])
    needed.set(specifier, await addModule(linked, locate(path, specifier)));
  const name = `module${linked.names.size}`;
  linked.names.set(path, name);
  linked.parts.push(wrap(name, text, needed));
  return name;
}

async function readModule(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new GatehouseError('internal', 'The page that verifies packs cannot be made: a part of it was not built. Run `npm run build`.', { cause });
  }
}

function locate(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  // Under tests the libraries are found as their sources; what is put into the page is what was built.
  return createRequire(from)
    .resolve(specifier)
    .replace(/\/src\/index\.ts$/, '/dist/index.js');
}

function wrap(name: string, text: string, needed: ReadonlyMap<string, string>): string {
  const exported: string[] = [];
  const body = text
    .replace(IMPORT, (_all, names: string, specifier: string) => `const {${names.replaceAll(' as ', ': ')}} = ${needed.get(specifier) ?? ''};`)
    .replace(REEXPORT, (_all, names: string, specifier: string) => {
      exported.push(...listNames(names).map(([from, as]) => `${as}: ${needed.get(specifier) ?? ''}.${from}`));
      return '';
    })
    .replace(DECLARATION, (_all, kind: string, declared: string) => {
      exported.push(declared);
      return `${kind} ${declared}`;
    })
    .replace(LIST, (_all, names: string) => {
      exported.push(...listNames(names).map(([from, as]) => (from === as ? from : `${as}: ${from}`)));
      return '';
    });
  const [unknown] = UNKNOWN.exec(body) ?? [];
  if (unknown !== undefined) throw new GatehouseError('internal', `The page that verifies packs cannot be made: this line is not known: ${unknown}`);
  return `const ${name} = (() => {\n${body.trim()}\nreturn { ${exported.join(', ')} };\n})();`;
}

function listNames(names: string): [string, string][] {
  return names
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      const [from = '', as = from] = one.split(' as ');
      return [from, as];
    });
}
