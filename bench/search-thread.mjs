/** A thread that searches an index which another thread owns, for as long as it is told, and says how many queries that were. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSharedIndex } from '@gatehouse/hamming';
import { splitHashes, uniformHashes } from './data.mjs';

const { shared, slot } = workerData;
const index = openSharedIndex(shared, { slot });
// Other queries than the other thread's, and many: neither shall find in the cache what the other or it itself has just read.
const queries = splitHashes(uniformHashes(20_000, 1_000 + slot));
let at = 0;

parentPort.on('message', (ms) => {
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < ms; at++, count++) index.search(queries[at % queries.length], 31);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort.postMessage((count * 1000) / (performance.now() - began));
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort.postMessage('ready');
