/** The one error class of this package. Messages hold no secret, no address of a person and nothing that a browser sent. */
export const CLIENT_FAULTS = {
  option_invalid: 'An option of createAgeGate, of protect, or of createReceiptGate cannot be used. Nothing is protected until it is corrected.',
  gatehouse_away: 'Gatehouse did not answer in time, or could not be reached. Nobody was let through; it can be tried again.',
  gatehouse_refused: 'Gatehouse refused the call: look at the API key and its rights, for age checks also at the service and its return origins.',
  gatehouse_answer: 'Gatehouse answered something that cannot be used: too large, redirected, not JSON, or about another check. Nobody was let through.',
  too_busy: 'More calls to Gatehouse are under way than are allowed. Nobody was let through; it can be tried again.',
  result_invalid: 'The keys with which a result was to be verified cannot be used.',
  too_large: 'There are more bytes than the option maxBytes allows. Nothing was published.',
  content_invalid: 'What was given as the bytes of a file is none: look at what reads the body in front of this. Nothing was published.',
  webhook_invalid: 'The callback was not signed by the Gatehouse that holds this secret, or is too old. Do not act on it.',
} as const;

export type ClientFault = keyof typeof CLIENT_FAULTS;

export class GatehouseClientError extends Error {
  override readonly name = 'GatehouseClientError';
  readonly code: ClientFault;

  /** @param detail what happened this time */
  constructor(code: ClientFault, detail: string, options: { readonly cause?: unknown } = {}) {
    super(`${detail} (${CLIENT_FAULTS[code]})`, options);
    this.code = code;
  }
}
