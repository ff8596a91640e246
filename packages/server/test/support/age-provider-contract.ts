/**
 * What every adapter of an age provider must do, whatever it speaks to. An adapter's test gives the provider, and ways to make the other
 * side answer; `describeAgeProvider` does the rest.
 */
import { describe, expect, it } from 'vitest';
import { ProviderFault, type ProviderAnswer, type ProviderStart, type RedirectProvider, type FormProvider } from '../../src/age/providers/schema.ts';

export function makeStart(change: Partial<ProviderStart> = {}): ProviderStart {
  return {
    question: { threshold: 18, direction: 'over' },
    challengeAge: 18,
    state: 'a'.repeat(64),
    nonce: 'b'.repeat(32),
    codeVerifier: 'c'.repeat(64),
    callbackUrl: 'http://127.0.0.1:8080/age/provider/tested/callback',
    webhookUrl: 'http://127.0.0.1:8080/age/provider/tested/webhook',
    locale: 'en',
    ...change,
  };
}

/** What the other side will say to the next check. */
export type Scripted =
  | { readonly says: 'over' | 'under' | 'declined' | 'unclear' }
  | { readonly says: 'fault'; readonly status: number }
  | { readonly says: 'nonsense' };

export interface RedirectHarness {
  readonly provider: RedirectProvider;
  /** The person follows the address and comes back with this query. */
  visit(redirectUrl: string, scripted: Scripted): Promise<URLSearchParams>;
  /** The same query as somebody would forge it, who never was there. */
  forge(start: ProviderStart): URLSearchParams;
  readonly skips?: readonly ('declined' | 'nonsense' | 'fault')[];
}

export function describeRedirectProvider(name: string, open: () => RedirectHarness): void {
  const run = async (harness: RedirectHarness, scripted: Scripted, start = makeStart()): Promise<ProviderAnswer> => {
    const { redirectUrl, reference } = await harness.provider.start(start);
    return harness.provider.finish({ query: await harness.visit(redirectUrl, scripted), start, reference });
  };
  const faultOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => (error instanceof ProviderFault ? error.code : `another error: ${String(error)}`),
    );

  describe(`${name}: the contract of a provider`, () => {
    it('sends to an http(s) address, different for each state', async () => {
      const { provider } = open();
      const first = await provider.start(makeStart());
      const second = await provider.start(makeStart({ state: 'd'.repeat(64), nonce: 'e'.repeat(32) }));
      expect(new URL(first.redirectUrl).protocol).toMatch(/^https?:$/);
      expect(second.redirectUrl === first.redirectUrl && second.reference === first.reference).toBe(false);
      // Nothing that a provider is told says which session of ours it is, or carries what must not leave: the verifier of PKCE.
      expect(first.redirectUrl).not.toContain(makeStart().codeVerifier);
    });

    it.each([
      ['over', { outcome: 'verified', isOver: true }],
      ['under', { outcome: 'verified', isOver: false }],
    ] as const)('understands "%s"', async (says, expected) => {
      expect(await run(open(), { says })).toEqual(expected);
    });

    it('takes an unclear answer for none', async () => {
      expect(await run(open(), { says: 'unclear' })).toEqual({ outcome: 'inconclusive' });
    });

    it('takes a refusal of the person for one, or for none', async () => {
      const harness = open();
      if (harness.skips?.includes('declined') === true) return;
      expect(['declined', 'inconclusive']).toContain((await run(harness, { says: 'declined' })).outcome);
    });

    it('never takes a fault of the provider for an answer', async () => {
      for (const status of [500, 503, 429, 400, 401]) {
        const harness = open();
        if (harness.skips?.includes('fault') === true) return;
        const start = makeStart();
        const { redirectUrl, reference } = await harness.provider.start(start);
        const query = await harness.visit(redirectUrl, { says: 'fault', status });
        expect(await faultOf(harness.provider.finish({ query, start, reference }))).toMatch(/^provider_(unavailable|refused)$/);
      }
    });

    it('never takes nonsense for an answer', async () => {
      const harness = open();
      if (harness.skips?.includes('nonsense') === true) return;
      expect(await faultOf(run(harness, { says: 'nonsense' }))).toMatch(/^answer_not_/);
    });

    it('refuses an answer that was never given', async () => {
      const harness = open();
      const start = makeStart();
      const outcome = await harness.provider.finish({ query: harness.forge(start), start, reference: undefined }).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(ProviderFault);
    });
  });
}

export interface FormHarness {
  readonly provider: FormProvider;
  readonly value: string;
  readonly code: string;
  script(scripted: Scripted): void;
}

export function describeFormProvider(name: string, open: () => FormHarness): void {
  describe(`${name}: the contract of a provider with a form`, () => {
    it.each([
      ['over', { outcome: 'verified', isOver: true }],
      ['under', { outcome: 'verified', isOver: false }],
      ['unclear', { outcome: 'inconclusive' }],
    ] as const)('understands "%s", with the right code', async (says, expected) => {
      const { provider, value, code, script } = open();
      script({ says });
      const { reference } = await provider.start(makeStart(), value);
      expect(await provider.confirm({ reference, code, start: makeStart() })).toEqual(expected);
    });

    it('takes a wrong code for no answer', async () => {
      const { provider, value, script } = open();
      script({ says: 'over' });
      const { reference } = await provider.start(makeStart(), value);
      expect(await provider.confirm({ reference, code: 'wrong', start: makeStart() })).toEqual({ outcome: 'inconclusive' });
    });

    it('never takes a fault for an answer', async () => {
      const { provider, value, code, script } = open();
      script({ says: 'over' });
      const { reference } = await provider.start(makeStart(), value);
      script({ says: 'fault', status: 500 });
      await expect(provider.confirm({ reference, code, start: makeStart() })).rejects.toMatchObject({ code: 'provider_unavailable' });
    });

    it('sends nothing that is not an address', async () => {
      const { provider } = open();
      for (const value of ['', 'nobody', '12', 'a@b', `x${'y'.repeat(300)}@example.org`, '+44', 'a@b.c\r\nBcc: d@e.f'])
        await expect(provider.start(makeStart(), value)).rejects.toMatchObject({ code: 'answer_not_understood' });
    });
  });
}
