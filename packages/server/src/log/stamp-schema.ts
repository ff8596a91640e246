/** Why a time stamp was not kept, or does not count. Each is shown to the operator. */
export const STAMP_FAULTS = {
  rejected: 'The authority refused to stamp.',
  malformed: 'The answer of the authority cannot be read, or is cut off.',
  algorithm: 'It uses an algorithm that is not believed here.',
  imprint: 'It stamps something else than this checkpoint.',
  nonce: 'It does not repeat the number of the request: it may be an old one.',
  policy: 'It was made under another policy than the one that was asked for.',
  time: 'Its time is not the time at which it was asked for.',
  signature: 'Its signature does not hold.',
  certificate: 'It does not name the certificate of its signer.',
  untrusted: 'Its signer does not lead to the certificates in GATEHOUSE_LOG_TIMESTAMP_CA_FILE, or was not valid at that time.',
  purpose: 'The certificate of its signer is not one for time stamps alone.',
  ca_file: 'The certificates in GATEHOUSE_LOG_TIMESTAMP_CA_FILE cannot be read.',
  status: 'The authority answered with an error.',
  no_connection: 'The authority could not be reached.',
  timeout: 'The authority did not answer in time.',
  refused_address: 'The address of the authority may not be called: not public, and not in GATEHOUSE_OUTBOUND_ALLOW.',
} as const;
export type StampFaultCode = keyof typeof STAMP_FAULTS;

export class StampFault extends Error {
  override readonly name = 'StampFault';
  readonly code: StampFaultCode;

  constructor(code: StampFaultCode, options: { readonly cause?: unknown } = {}) {
    super(STAMP_FAULTS[code], options);
    this.code = code;
  }
}
