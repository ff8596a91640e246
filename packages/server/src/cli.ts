#!/usr/bin/env node
/**
 * The program's first module: sets what must be set before anything is loaded.
 *
 * Every 64 KiB that comes off a connection is a buffer outside of V8's heap, freed when the young generation is collected; but how often that happens
 * depends on the small objects in it. Once it has grown to 16 MiB the buffers fill what the old generation may use first, and the whole heap is marked some
 * six times a second: 300 MB over clamd took 2.2 to 2.9 s of user CPU in place of 1.0 to 1.5 s. Kept at 1 MiB, where it starts, the same sequence of 15
 * such bodies had 3 markings in place of 103 (`--trace-gc`). Without effect in a version of V8 that does not know the flag.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
await import('./program.ts');
