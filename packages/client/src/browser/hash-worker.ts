/** The worker of `hashFile`: one file in, its signals out. */
import { readSignals } from './signals.ts';

/** One after the other: each is decoded as a whole. */
let turn: Promise<void> = Promise.resolve();

/** A file comes over a port of its own: the answer goes to whoever asked, and nobody else can ask. */
addEventListener('message', (event: MessageEvent<{ readonly file: Blob }>) => {
  const [port] = event.ports;
  if (port === undefined) return;
  const stop = new AbortController();
  port.addEventListener('message', () => stop.abort());
  port.start();
  turn = turn.then(() => work(event.data.file, port, stop.signal));
});

async function work(file: Blob, port: MessagePort, signal: AbortSignal): Promise<void> {
  try {
    port.postMessage({ signals: await readSignals(file, signal) });
  } catch (error) {
    port.postMessage({ fault: error instanceof Error ? error.message : 'unknown' });
  } finally {
    port.close();
  }
}
