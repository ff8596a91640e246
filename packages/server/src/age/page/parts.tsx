/** Parts that several pages of an age check share. Texts come from the message files; names of services and providers from the operator. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { encode } from 'uqr';
import type { DemoWay } from '../demo/schema.ts';
import type { AgeQuestion } from '../sessions/schema.ts';
import type { Begun } from '../wallet/schema.ts';
import type { Language } from './messages/languages.ts';

export interface Spoken {
  readonly language: Language;
}

export function sayQuestion({ say }: Language, { threshold, direction }: AgeQuestion): string {
  return say(direction === 'over' ? 'askOver' : 'askUnder', { age: threshold });
}

/** Read out at once: it takes the focus, with or without JavaScript. */
export function Alert({ children }: { readonly children: Child }): JSX.Element {
  return (
    <div class="notice" role="alert" tabindex={-1} autofocus>
      <p>{children}</p>
    </div>
  );
}

interface WayProps {
  readonly id: string;
  readonly text: string;
  readonly hint: string;
}

/** A choice that leads to the next page. */
export function WayLink({ id, text, hint, href }: WayProps & { readonly href: string }): JSX.Element {
  return (
    <div class="way">
      <a class="choice" href={href} aria-describedby={`${id}-hint`}>
        {text}
      </a>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}

/** A choice that makes something on the server. */
export function WayForm({ id, text, hint, action, children }: WayProps & { readonly action: string; readonly children?: Child }): JSX.Element {
  return (
    <form class="way" method="post" action={action}>
      {children}
      <button class="choice" type="submit" aria-describedby={`${id}-hint`}>
        {text}
      </button>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </form>
  );
}

/** A choice that only a script can offer: hidden until its island finds that it is of use. `data` is what that island reads. */
export function WayIsland({ id, text, hint, data }: WayProps & { readonly data: Readonly<Record<`data-${string}`, string | number>> }): JSX.Element {
  return (
    <div class="way" {...data} hidden>
      <button class="choice" type="button" aria-describedby={`${id}-hint`}>
        {text}
      </button>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <p class="status" role="status"></p>
    </div>
  );
}

/** The ways of the demonstration: in English, as all of it. */
export function DemoLinks({ ways }: { readonly ways: readonly DemoWay[] }): JSX.Element {
  return (
    <>
      {ways.map(({ id, title, hint, href }) => (
        <div lang="en">
          <WayLink id={id} text={title} hint={hint} href={href} />
        </div>
      ))}
    </>
  );
}

/** Help, and where to complain: on every page on which somebody could get stuck. */
export function Help({ language: { say }, service, helpUrl }: Spoken & { readonly service: string; readonly helpUrl: string | undefined }): JSX.Element {
  return (
    <section class="help">
      <h2>{say('helpTitle')}</h2>
      <p>{say('helpOther')}</p>
      <p>{helpUrl === undefined ? say('helpAsk', { service }) : <a href={helpUrl}>{say('helpLink', { service })}</a>}</p>
    </section>
  );
}

/** `isElsewhere`: the check itself is on another device. */
export function WalletLinks({
  language: { say },
  links,
  isElsewhere = false,
}: Spoken & { readonly links: Begun['links']; readonly isElsewhere?: boolean }): JSX.Element {
  return (
    <>
      <p>{say(isElsewhere ? 'openWalletElsewhere' : 'openWalletText')}</p>
      <p>
        <a class="choice" href={links.eu}>
          {say('europeanApp')}
        </a>
      </p>
      <p>
        <a class="choice" href={links.haip}>
          {say('otherWallet')}
        </a>
      </p>
      <p class="hint">{say(isElsewhere ? 'openNothingElsewhere' : 'openNothing')}</p>
    </>
  );
}

/** ISO/IEC 18004 wants four modules of quiet around it; dark on light in both colour schemes, or scanners fail. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  const { data, size } = encode(text, { border: 4 });
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} width="280" height="280" role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={data.map(drawRow).join('')} fill="#000" />
    </svg>
  );
}

/** One bar for each run of dark modules. */
function drawRow(row: readonly boolean[], y: number): string {
  const text = row.map((isDark) => (isDark ? '1' : '0')).join('');
  return [...text.matchAll(/1+/g)].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`).join('');
}
