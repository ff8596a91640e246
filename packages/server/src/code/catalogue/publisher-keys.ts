/**
 * Whose signatures on a catalogue are believed without a setting. The private key of each was made for one release and destroyed after it was signed
 * (ADR 0026): the next release comes with a key of its own, in the next version of this software.
 */
export const PUBLISHER_KEYS: readonly string[] = ['gatehouse-catalogue+9ff35a1c+AVFAi35JRHMujxpem0oEqaHlPN1SQk/BEDkZPJnmx/KJ'];
