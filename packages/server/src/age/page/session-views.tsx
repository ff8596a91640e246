/** What the page of an age check shows: the question with the ways to answer, the confirmation of "I am under NN", and the end. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { DemoWay } from '../demo/schema.ts';
import type { OfferedProvider } from '../providers/flow.ts';
import { tellsUnder } from '../sessions/rules.ts';
import type { AgeSession, Notice } from '../sessions/schema.ts';
import type { Band, VerdictForToken } from '../tokens/schema.ts';
import type { Channel } from '../wallet/schema.ts';
import type { MessageKey } from './messages/en.ts';
import type { Language } from './messages/languages.ts';
import { Alert, DemoLinks, Help, sayQuestion, WayForm, WayIsland, WayLink, type Spoken } from './parts.tsx';
import type { Ways } from './rules.ts';

interface WithSession extends Spoken {
  readonly session: AgeSession;
}

const NOTICES: Readonly<Record<Notice, MessageKey>> = { refused: 'noticeRefused', declined: 'noticeDeclined', inconclusive: 'noticeInconclusive' };

export interface OpenViewProps extends WithSession {
  readonly ways: Ways;
  readonly offered: readonly OfferedProvider[];
  readonly demo: readonly DemoWay[];
  /** For how long a wallet may take. */
  readonly requestSeconds: number;
}

export function OpenView({ language, session, ways, offered, demo, requestSeconds }: OpenViewProps): JSX.Element {
  const { say } = language;
  const service = session.serviceName;
  const isEmpty = ways.wallets.length + offered.length === 0 && ways.tokenBand === undefined && !ways.hasPasskey;
  return (
    <>
      {session.notice === undefined ? null : <Alert>{say(NOTICES[session.notice])}</Alert>}
      <div data-age-live="look" data-session={session.id}>
        <h1>{sayQuestion(language, session)}</h1>
      </div>
      <p class="lead">{say('asks', { service })}</p>
      <ul class="inset">
        <li>{say('learns', { service })}</li>
        <li>{say('learnsNot')}</li>
        <li>{say('issuerNot')}</li>
      </ul>
      <WalletWays language={language} session={session} wallets={ways.wallets} requestSeconds={requestSeconds} />
      <DemoLinks ways={demo} />
      {ways.areAttemptsUsed ? <p class="inset">{say('attemptsUsed', { service })}</p> : null}
      {offered.length === 0 ? null : <ProviderWays language={language} session={session} offered={offered} />}
      <ReuseWays language={language} session={session} ways={ways} />
      {isEmpty ? <p class="inset">{say('noWays', { service })}</p> : null}
      {ways.hasUnder ? (
        <section>
          <h2>{say('underTitle', { age: session.threshold })}</h2>
          <WayLink id="under" text={say('iAmUnder', { age: session.threshold })} hint={say('underHint')} href={`/age/${session.id}/under`} />
        </section>
      ) : null}
      <p class="leave">
        <a href={`/age/${session.id}/return`}>{say('leave', { service })}</a>
      </p>
      <Help language={language} service={service} helpUrl={session.helpUrl} />
    </>
  );
}

const LINK_WAYS = [
  ['redirect', 'walletHere', 'walletHereHint'],
  ['qr', 'walletOther', 'walletOtherHint'],
] as const satisfies readonly (readonly [Channel, MessageKey, MessageKey])[];

function WalletWays({
  language: { say },
  session,
  wallets,
  requestSeconds,
}: WithSession & Pick<Ways, 'wallets'> & Pick<OpenViewProps, 'requestSeconds'>): JSX.Element | null {
  if (wallets.length === 0) return null;
  const dcTexts = {
    'data-age-dc': session.id,
    'data-seconds': requestSeconds,
    'data-text-busy': say('digitalBusy'),
    'data-text-declined': say('digitalDeclined'),
    'data-text-late': say('digitalLate'),
    'data-text-failed': say('digitalFailed'),
    'data-text-lost': say('digitalLost'),
  };
  return (
    <section>
      <h2>{say('withWallet')}</h2>
      <p>{say('walletIs')}</p>
      {wallets.includes('dc_api') ? <WayIsland id="digital" text={say('digitalCredential')} hint={say('digitalHint')} data={dcTexts} /> : null}
      {LINK_WAYS.filter(([channel]) => wallets.includes(channel)).map(([channel, text, hint]) => (
        <WayForm id={channel} text={say(text)} hint={say(hint)} action={`/age/${session.id}/wallet`}>
          <input type="hidden" name="channel" value={channel} />
        </WayForm>
      ))}
    </section>
  );
}

function ProviderWays({ language: { say }, session, offered }: WithSession & Pick<OpenViewProps, 'offered'>): JSX.Element {
  return (
    <section>
      <h2>{say('withoutWallet')}</h2>
      {offered.map(({ id, declaration, field }) => (
        <WayLink
          id={`provider-${id}`}
          text={declaration.title}
          hint={say(field === undefined ? 'providerGoes' : 'providerCode')}
          href={`/age/${session.id}/provider/${id}`}
        />
      ))}
    </section>
  );
}

/** Nothing of it is seen before a script has found that this browser keeps something, or could. */
function ReuseWays({ language: { say }, session, ways }: WithSession & Pick<OpenViewProps, 'ways'>): JSX.Element | null {
  const { tokenBand, hasPasskey } = ways;
  if (tokenBand === undefined && !hasPasskey) return null;
  const texts = { 'data-session': session.id, 'data-next': `/age/${session.id}`, 'data-text-busy': say('reuseBusy'), 'data-text-failed': say('reuseFailed') };
  const question = { 'data-threshold': session.threshold, 'data-direction': session.direction };
  return (
    <section data-age-section hidden>
      <h2>{say('reuseTitle')}</h2>
      {tokenBand === undefined ? null : (
        <WayIsland
          id="token"
          text={say('reuseToken')}
          hint={say('reuseTokenHint')}
          data={{ ...texts, ...question, 'data-age-token': 'redeem', 'data-band': tokenBand }}
        />
      )}
      {hasPasskey ? (
        <WayIsland
          id="passkey"
          text={say('reusePasskey')}
          hint={say('reusePasskeyHint')}
          data={{ ...texts, 'data-age-passkey': 'show', 'data-text-cancelled': say('endDeclined') }}
        />
      ) : null}
      {tokenBand === undefined ? null : (
        <div data-age-token="forget" data-text-done={say('forgotten')} hidden>
          <button class="link" type="button">
            {say('forget')}
          </button>
          <p class="status" role="status"></p>
        </div>
      )}
    </section>
  );
}

export function UnderView({ language, session }: WithSession): JSX.Element {
  const { say } = language;
  const values = { age: session.threshold, service: session.serviceName };
  return (
    <>
      <h1>{say('underAsk', values)}</h1>
      <p class="lead">{say('underFine', values)}</p>
      {session.underUrl === undefined ? null : <p>{say('underPlace', values)}</p>}
      <p>{say('underFinal')}</p>
      <form method="post" action={`/age/${session.id}/under`}>
        <button class="button" type="submit">
          {say('underYes', values)}
        </button>
      </form>
      <p>
        <a href={`/age/${session.id}`}>{say('underNo')}</a>
      </p>
    </>
  );
}

export interface EndViewProps extends WithSession {
  /** While it can be used. */
  readonly result: Pick<VerdictForToken, 'result'> | undefined;
  /** What it earns. */
  readonly keep: { readonly tokenBand: Band | undefined; readonly hasPasskey: boolean };
}

export function EndView({ language, session, result, keep }: EndViewProps): JSX.Element {
  const { say } = language;
  const values = { age: session.threshold, service: session.serviceName };
  const isCompleted = session.state === 'completed';
  const isUnder = result !== undefined && tellsUnder({ ...session, ...result });
  return (
    <>
      <h1>{say(isCompleted ? 'thanks' : 'ended')}</h1>
      <p class="lead">{isCompleted ? sayTold(language, session, result) : say('endedText', values)}</p>
      {isUnder && session.underUrl !== undefined ? <p>{say('underPlace', values)}</p> : null}
      <p>
        <a class="button" href={`/age/${session.id}/return`}>
          {say(isCompleted ? 'goOn' : 'goBack', values)}
        </a>
      </p>
      <KeepWays language={language} session={session} keep={keep} />
      <Help language={language} service={session.serviceName} helpUrl={session.helpUrl} />
    </>
  );
}

function sayTold({ say }: Language, session: AgeSession, result: EndViewProps['result']): string {
  if (result === undefined) return '';
  const values = { age: session.threshold, service: session.serviceName };
  if (result.result === 'inconclusive') return say('toldNothing', values);
  return say(tellsUnder({ ...session, ...result }) ? 'toldUnder' : 'toldOver', values);
}

function KeepWays({ language: { say }, session, keep }: WithSession & Pick<EndViewProps, 'keep'>): JSX.Element | null {
  if (keep.tokenBand === undefined && !keep.hasPasskey) return null;
  const texts = {
    'data-session': session.id,
    'data-text-busy': say('reuseBusy'),
    'data-text-done': say('kept'),
    'data-text-failed': say('keepFailed'),
    'data-text-cancelled': say('keepFailed'),
  };
  const question = { 'data-threshold': session.threshold, 'data-direction': session.direction };
  return (
    <section data-age-section hidden>
      <h2>{say('keepTitle')}</h2>
      <p>{say('keepText')}</p>
      {keep.tokenBand === undefined ? null : (
        <WayIsland
          id="token"
          text={say('keepToken')}
          hint={say('keepTokenHint')}
          data={{ ...texts, ...question, 'data-age-token': 'issue', 'data-band': keep.tokenBand }}
        />
      )}
      {keep.hasPasskey ? (
        <WayIsland
          id="passkey"
          text={say('keepPasskey')}
          hint={say('keepPasskeyHint', { service: session.serviceName })}
          data={{ ...texts, 'data-age-passkey': 'register' }}
        />
      ) : null}
    </section>
  );
}
