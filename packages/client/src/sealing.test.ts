import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSealer, type SealContext, type SealedKind } from './sealing.ts';

/** Code units of all kinds, lone surrogates included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

const SECRET = 'a secret of more than 32 characters, for tests';
const OTHER = 'another secret of more than 32 characters, for tests';
const CONTEXT: SealContext = { service: 'forum', site: 'https://forum.example', account: null };

const kinds = fc.constantFrom<SealedKind>('pass', 'pending', 'ask');
const contexts = fc.record({ service: fc.string(), site: fc.webUrl(), account: fc.option(fc.string()) });
const sealer = createSealer([SECRET]);

describe('a sealed value', () => {
  it('opens for whoever has the secret, the kind and the context', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.json(), contexts, async (kind, json, context) => {
        const value: unknown = JSON.parse(json);
        const sealed = await sealer.seal(kind, value, context);
        expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(await createSealer([OTHER, SECRET]).open(kind, sealed, context)).toEqual(value);
      }),
    );
  });

  it('does not open when one character is another, one is missing or one more is there', async () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // Of three lengths: two of them end in a letter with bits that mean nothing, and could be spelled otherwise.
    for (const value of ['x', 'xx', 'xxx']) {
      const sealed = await sealer.seal('pass', value, CONTEXT);
      for (let at = 0; at < sealed.length; at++) {
        const next = letters[(letters.indexOf(sealed[at] ?? '') + 1) % letters.length] ?? '';
        const [before, after] = [sealed.slice(0, at), sealed.slice(at + 1)];
        for (const changed of [`${before}${next}${after}`, `${before}${after}`, `${before}A${sealed.slice(at)}`])
          expect(await sealer.open('pass', changed, CONTEXT), `${at}: ${changed}`).toBeUndefined();
      }
    }
  });

  it('does not open under another kind, service, site, account or secret', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, kinds, contexts, contexts, async (kind, otherKind, context, other) => {
        const sealed = await sealer.seal(kind, 1, context);
        const isSame = kind === otherKind && JSON.stringify(context) === JSON.stringify(other);
        expect(await sealer.open(otherKind, sealed, other)).toBe(isSame ? 1 : undefined);
        for (const member of ['service', 'site', 'account'] as const)
          expect(await sealer.open(kind, sealed, { ...context, [member]: `${context[member]}x` })).toBeUndefined();
        expect(await createSealer([OTHER]).open(kind, sealed, context)).toBeUndefined();
      }),
    );
  });

  it('does not open for no account because it was made for an account named so', async () => {
    for (const account of ['', 'null', 'undefined']) {
      const sealed = await sealer.seal('pass', 1, { ...CONTEXT, account });
      expect(await sealer.open('pass', sealed, CONTEXT), account).toBeUndefined();
    }
  });

  it('is never thrown about, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect(await sealer.open('pass', text, CONTEXT)).toBeUndefined();
      }),
    );
    for (const text of ['', '.', 'A'.repeat(5000), '='.repeat(40), '\u0000'.repeat(40)]) expect(await sealer.open('pass', text, CONTEXT)).toBeUndefined();
    expect(await sealer.open('pass', undefined, CONTEXT)).toBeUndefined();
  });

  it('shows nothing of itself, and looks different each time', async () => {
    const many = await Promise.all(Array.from({ length: 50 }, () => sealer.seal('pass', { result: 'true', grade: 3 }, CONTEXT)));
    expect(new Set(many).size).toBe(50);
    for (const sealed of many) expect(atob(sealed.replaceAll('-', '+').replaceAll('_', '/'))).not.toContain('result');
  });
});
