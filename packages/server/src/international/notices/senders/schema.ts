/** How a message leaves, and what is known about it afterwards. */

/** `unknown`: it may have arrived. Such a message is never sent again by itself; a person looks. */
export const SEND_OUTCOMES = ['accepted', 'temporary', 'permanent', 'unknown'] as const;
export type SendOutcome = (typeof SEND_OUTCOMES)[number];

export interface OutgoingMessage {
  readonly to: string;
  readonly subject: string;
  readonly raw: Uint8Array;
  /** Without angle brackets. */
  readonly messageId: string;
}

export interface SendResult {
  readonly outcome: SendOutcome;
  /** `outcome === 'accepted'` */
  readonly accepted: boolean;
  /** Status codes and our own words. Nothing that the other side wrote: its text may quote the address. */
  readonly reply: string;
}

export interface Sender {
  readonly kind: 'smtp' | 'http';
  /**
   * One message to one address. Whoever calls has recorded the attempt before.
   * Does not throw for anything that the other side does or leaves undone.
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult>;
}
