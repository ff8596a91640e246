/** The worker of `hashFile`: one file in, its signals out. */
import { readSignals } from './signals.ts';

/** A file comes over a port of its own: the answer goes to whoever asked, and nobody else can ask. */
addEventListener('message', (event: MessageEvent<{ readonly file: Blob }>) => {
  const [port] = event.ports;
  if (port === undefined) return;
  readSignals(event.data.file)
    .then(
      (signals) => port.postMessage({ signals }),
      (error: unknown) => port.postMessage({ fault: error instanceof Error ? error.message : 'unknown' }),
    )
    .finally(() => port.close());
});
