/**
 * Passkeys on the age page. After a check: binds its answer to a passkey of this device. At a later check: shows it.
 *
 *   <div data-age-passkey="register" data-session="…" hidden><button type="button">…</button> <p role="status"></p></div>
 *   <div data-age-passkey="show" data-session="…" data-next="/age/…" hidden>…
 *
 * Texts, in the page's language: `data-text-busy`, `data-text-done`, `data-text-failed`, `data-text-cancelled`.
 */
import { fromBase64Url, toBase64Url } from './age-bytes.ts';
import { connect, isCancelled } from './age-part.ts';

interface CreationOptions {
  readonly challenge: string;
  readonly rp: PublicKeyCredentialRpEntity;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly pubKeyCredParams: PublicKeyCredentialParameters[];
  readonly timeout: number;
  readonly attestation: AttestationConveyancePreference;
  readonly authenticatorSelection: AuthenticatorSelectionCriteria;
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly userVerification: UserVerificationRequirement;
}

const ACTIONS: Readonly<Record<string, ((part: HTMLElement) => Promise<void>) | undefined>> = { register, show };

for (const part of document.querySelectorAll<HTMLElement>('[data-age-passkey]')) setUp(part);

function setUp(part: HTMLElement): void {
  const action = ACTIONS[part.dataset['agePasskey'] ?? ''];
  if (action === undefined || !('PublicKeyCredential' in globalThis)) return;
  connect(part, { act: () => action(part), explain: (error) => (isCancelled(error) ? 'cancelled' : 'failed') });
}

async function register(part: HTMLElement): Promise<void> {
  // Made by our own server a moment ago: the shape is that of its schema.
  const options = (await post(part, '/options')) as CreationOptions;
  const credential = await navigator.credentials.create({
    publicKey: { ...options, challenge: fromBase64Url(options.challenge), user: { ...options.user, id: fromBase64Url(options.user.id) } },
  });
  if (!(credential instanceof PublicKeyCredential) || !(credential.response instanceof AuthenticatorAttestationResponse)) throw new Error('no passkey');
  const { clientDataJSON, attestationObject } = credential.response;
  await post(part, '', {
    id: credential.id,
    type: credential.type,
    response: { clientDataJSON: toBase64Url(clientDataJSON), attestationObject: toBase64Url(attestationObject) },
  });
}

async function show(part: HTMLElement): Promise<void> {
  const options = (await post(part, '/assertion-options')) as RequestOptions;
  const { rpId, timeout, userVerification } = options;
  // Without a list of credentials: the server does not know who is here, and does not ask.
  const credential = await navigator.credentials.get({ publicKey: { challenge: fromBase64Url(options.challenge), rpId, timeout, userVerification } });
  if (!(credential instanceof PublicKeyCredential) || !(credential.response instanceof AuthenticatorAssertionResponse)) throw new Error('no passkey');
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  await post(part, '/assertions', {
    id: credential.id,
    type: credential.type,
    response: {
      clientDataJSON: toBase64Url(clientDataJSON),
      authenticatorData: toBase64Url(authenticatorData),
      signature: toBase64Url(signature),
    },
  });
  location.assign(part.dataset['next'] ?? location.href);
}

async function post(part: HTMLElement, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`/v1/age/passkeys${path}?session=${encodeURIComponent(part.dataset['session'] ?? '')}`, {
    method: 'POST',
    credentials: 'same-origin',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (response.status === 204) return undefined;
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  // For whoever looks after the page: one of the closed words of PASSKEY_REFUSALS.
  const target = part;
  target.dataset['reason'] = String(Reflect.get(Object(answer), 'reason') ?? response.status);
  throw new Error(`The server answered ${response.status}.`);
}
