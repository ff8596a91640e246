/**
 * Bodies of requests that were not made for Gatehouse: what files are in them? The proxy and ICAP ask here. Everything in a body that could
 * carry a file is screened or the whole body is refused; what is let through is the whole body, byte for byte. See README.md.
 */
export type { Body, BodyRefusal, BodyRequest, BodyVerdict } from './schema.ts';
export { createBodyScreener, type BodyScreener } from './screening.ts';
export { shapeOf, type Shape } from './content-type-rules.ts';
