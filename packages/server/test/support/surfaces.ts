/**
 * One contract for every surface: what became of content that was sent over it. `test/slow/surfaces.test.ts` runs each case against each
 * driver; a driver is a real client of the protocol where one is to be had, and it judges by what a visitor of the service could see.
 */
import type { TestApp } from './app.ts';

export const SURFACE_CASES = [
  'clear',
  'match',
  'unscannable',
  'error',
  'oversize',
  'empty',
  'aborted',
  'slow',
  'scanner down',
  'database down',
  'disk full',
] as const;
export type SurfaceCase = (typeof SURFACE_CASES)[number];

export type SurfaceOutcome =
  /** The bytes are where visitors see them, and the sender was told that all is well. */
  | { readonly kind: 'published'; readonly bytes: Buffer; readonly answer: string }
  /** Never published; sending it again changes nothing. */
  | { readonly kind: 'refused'; readonly answer: string }
  /** Acknowledged and held: nobody sees it, and it is not lost. */
  | { readonly kind: 'held'; readonly answer: string }
  /** Not published, and the sender was told to try again later (or saw the connection break). */
  | { readonly kind: 'failed'; readonly answer: string };

export interface SendOptions {
  /** The sender goes away after so many bytes. */
  readonly abortAfterBytes?: number;
  /** A pause between pieces of 16 KiB. */
  readonly pauseMs?: number;
}

export interface OpenSurface {
  send(content: Buffer, options?: SendOptions): Promise<SurfaceOutcome>;
  close(): Promise<void>;
}

export interface SurfaceDriver {
  /** `icap`; a line of the matrix. */
  readonly name: string;
  /** Settings that the application under test needs for this surface. */
  readonly config: (scene: { readonly dir: string }) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>;
  open(app: TestApp): Promise<OpenSurface>;
}
