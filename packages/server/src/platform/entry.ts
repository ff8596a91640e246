/**
 * Where the compiled form of a program of ours is. Child processes of Node 20 cannot load TypeScript, so they run from `dist` even
 * when the parent runs from `src` (tests). `npm start` and `npm test` build first.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GatehouseError } from './errors.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

/**
 * @param name path below `src` without extension, `screening/decoder-process`
 * @throws {GatehouseError} `internal` when it was not built
 */
export function resolveEntry(name: string): string {
  const path = join(ROOT, 'dist', `${name}.js`);
  if (!existsSync(path)) throw new GatehouseError('internal', `The program ${name} is missing. Run \`npm run build\`.`);
  return path;
}

/** The folder of the server package: beside `dist` are `dist-web` and `web`. */
export const PACKAGE_DIR = ROOT;
