/** What this site asks of Gatehouse. On the server only: the key never reaches a browser. */
import { createReceiptGate } from '@gatehouse/client/uploads';

export const MAX_BYTES = 20_000_000;

const gatehouseUrl = () => process.env.GATEHOUSE_URL ?? 'http://127.0.0.1:8080';
/** Where browsers reach it. */
export const publicUrl = () => process.env.GATEHOUSE_PUBLIC_URL ?? gatehouseUrl();

export const noteFault = ({ code, message }) => console.error(`Gatehouse: ${code}. ${message}`);

let gate;
/** Made when it is first needed: `next build` loads these files without the settings. */
export function openGate() {
  gate ??= createReceiptGate({
    gatehouseUrl: gatehouseUrl(),
    apiKey: process.env.GATEHOUSE_KEY,
    maxBytes: MAX_BYTES,
    onFault: noteFault,
  });
  return gate;
}
