/** The page that verifies packs, made once: built modules in one file. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PACKAGE_DIR, resolveEntry } from '../../platform/entry.ts';
import { keepMade } from '../../platform/keep-made.ts';
import { renderVerifierPage } from './pack-page-rules.ts';
import { linkScript } from './pack-script.ts';

export interface Verifier {
  readonly html: string;
  readonly sha256: string;
}

/** @throws {GatehouseError} `internal` when it was not built */
export const loadVerifier = keepMade(make);

async function make(): Promise<Verifier> {
  const linked = await linkScript([resolveEntry('code/exports/pack-check'), join(PACKAGE_DIR, 'dist-web', 'verify-pack.js')]);
  const script = `'use strict';\n(() => {\n${linked}m1.connectVerifier(m0.checkPack);\n})();\n`;
  const html = renderVerifierPage({ script, hash: (text) => createHash('sha256').update(text).digest('base64') });
  return { html, sha256: createHash('sha256').update(html).digest('hex') };
}
