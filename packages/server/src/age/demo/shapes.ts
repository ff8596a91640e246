/** Messages as they are shown: with their form, without their secrets. */
import type { Shape } from './schema.ts';

const SECRET = /^(nonce|state|wallet_nonce|clientToken|returnCode|kid|x|y|x5c|rid|request)$/;
const TEXT_MAX = 60;
const TEXT_KEPT = 24;
const DEPTH_MAX = 8;

/** Secrets become "…", long texts their beginning and length. */
export function toShape(value: unknown, depth = 0): Shape {
  if (typeof value === 'string') return shorten(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || depth > DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return value.map((item) => toShape(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [name, SECRET.test(name) ? '…' : toShape(item, depth + 1)]),
  );
}

function shorten(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_KEPT)}… (${text.length} characters)`;
}

const LINE_MAX = 44;

/** JSON on few lines: what fits on one stands on one. */
export function formatShape(value: unknown, indent = ''): string {
  const line = JSON.stringify(value) ?? 'null';
  if (line.length + indent.length <= LINE_MAX || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => formatShape(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${formatShape(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Ids of requests and codes of the way back are secrets that stand in addresses. */
export function hideSecrets(address: string): string {
  return address.replace(/(\/age\/(?:wallet\/(?:request|response)|w)\/)[0-9a-f]{40}/, '$1…').replace(/(response_code|age_return)=[0-9a-f]+/, '$1=…');
}
