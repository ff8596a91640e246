export { decideAge, decideByBirthDate, decideOver, readAgeClaims, type AgeAnswer, type AgeClaim, type AgeQuestion } from './age.ts';
export { decodeCbor, encodeCbor, RawCbor, Tagged, wrapCbor, type CborLimits, type CborMap, type CborValue } from './cbor.ts';
export { readCertificate, type Certificate } from './certificate.ts';
export { readItems, readOid, readSequence, type DerItem } from './der.ts';
export { readChain, readCoseKey, readTaggedCose, verifySign1, type CoseMessage } from './cose.ts';
export { CredentialError, REFUSALS, type RefusalCode } from './errors.ts';
export { verifyMdoc, type MdocExpectation, type VerifiedAge } from './mdoc.ts';
export { type StatusLists, type StatusReference } from './status.ts';
export { annexCTranscript, dcApiTranscript, openid4vpTranscript } from './transcript.ts';
export { anchorId, createTrustStore, type ChainPurpose, type ChainQuestion, type TrustAnchor, type TrustStore, type VerifiedChain } from './trust.ts';
export { encodeDeviceRequest, encodeEncryptionInfo, openAnnexC, type PrivateJwk, type PublicJwk } from './annex-c.ts';
export { chooseAges, EU_AGE, listWanted, MDL, readVpToken, toDcql, type QueryOptions, type Wanted } from './dcql.ts';
export { clientMetadata, encryptionKeyId, euLink, haipLink, jwkThumbprint, signRequest, x509HashClientId, type RequestSigner } from './openid4vp.ts';
export { verifySdJwt, type SdJwtExpectation } from './sd-jwt.ts';
export {
  openDcApiSession,
  openEuSession,
  openHaipSession,
  toDcApiRequests,
  toRequest,
  verifyPresentation,
  type DcApiRequest,
  type DcApiSession,
  type OpenedSession,
  type PostSession,
  type VerifiedPresentation,
  type VerifyOptions,
  type WalletResponse,
} from './session.ts';
export { parseStatusList, readList, type StatusList, type StatusListOptions } from './status-list.ts';
