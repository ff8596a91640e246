/** With JavaScript a picture is asked about on the device and goes to Gatehouse, and the form carries its receipt. Without it the form carries the picture. */
import { attachToInput, createUploader } from '@gatehouse/client/browser';

const input = document.querySelector('#picture');
if (input !== null) {
  const uploader = createUploader({
    gatehouseUrl: document.documentElement.dataset.gatehouse,
    async getTicket() {
      const reply = await fetch('/ticket', { method: 'POST' });
      if (!reply.ok) throw new Error(`no ticket: ${reply.status}`);
      return (await reply.json()).ticket;
    },
    createWorker: () => new Worker('/hash-worker.js', { type: 'module' }),
  });
  // Without a name the form does not send the bytes once more.
  input.removeAttribute('name');
  attachToInput(input, { uploader, status: document.querySelector('#picture-state') });
}
