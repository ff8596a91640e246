/** A button that copies a block of code. Where the clipboard is not offered (plain http on another host) there is none. */
import { announce } from './dom.ts';

const RESET_MS = 4000;

for (const block of document.querySelectorAll<HTMLElement>('[data-island="copy"]')) {
  const code = block.querySelector('code');
  if (code !== null && navigator.clipboard !== undefined) addButton(block, code);
}

function addButton(block: HTMLElement, code: HTMLElement): void {
  const label = block.querySelector('pre')?.getAttribute('aria-label') ?? 'code';
  const button = document.createElement('button');
  const name = document.createElement('span');
  const status = document.createElement('span');
  button.type = 'button';
  button.className = 'button button-secondary';
  name.className = 'visually-hidden';
  name.textContent = `: ${label}`;
  button.append('Copy', name);
  status.setAttribute('role', 'status');
  status.className = 'quiet copy-status';
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(code.textContent).then(
      () => report('Copied'),
      () => report('Not copied: select the text and copy it yourself'),
    );
  });
  const report = (text: string): void => {
    announce(status, text);
    setTimeout(() => announce(status, ''), RESET_MS);
  };
  block.append(button, ' ', status);
}
