import type { Clock } from '../clock.ts';
import type { Terminal } from '../log.ts';

/** A bar that is redrawn on a terminal; a line for each tenth otherwise. */
export interface ProgressBar {
  update(done: number, total: number | undefined, note?: string): void;
  /** Ends the line. */
  finish(note: string): void;
}

const WIDTH = 30;
const REDRAW_MS = 100;

export function createProgressBar(terminal: Terminal, clock: Clock, label: string): ProgressBar {
  let drawnAtMs = -Infinity;
  let lastTenth = -1;
  const draw = (share: number | undefined, note: string): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - drawnAtMs < REDRAW_MS && share !== 1) return;
    drawnAtMs = nowMs;
    const filled = Math.round((share ?? 0) * WIDTH);
    const bar = share === undefined ? '' : ` [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %`;
    terminal.err(`\r\u001B[K${label}${bar}${note === '' ? '' : ` ${note}`}`);
  };
  return {
    update(done, total, note = '') {
      const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
      if (terminal.isInteractive) return draw(share, note);
      const tenth = share === undefined ? -1 : Math.floor(share * 10);
      if (tenth <= lastTenth) return;
      lastTenth = tenth;
      terminal.err(`${label}: ${tenth * 10} %${note === '' ? '' : ` (${note})`}\n`);
    },
    finish: (note) => terminal.err(`${terminal.isInteractive ? '\r\u001B[K' : ''}${label}: ${note}\n`),
  };
}
