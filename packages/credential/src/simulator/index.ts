export {
  createCertificate,
  createKeyPair,
  createTestAuthority,
  PURPOSES,
  toAnchor,
  type CertificateOptions,
  type Issued,
  type KeyPair,
  type TestAuthority,
} from './authority.ts';
export { issueMdoc, type Mdoc, type MdocOptions, type MdocTwist } from './mdoc-issuer.ts';
export { presentMdoc, type PresentationTwist, type PresentOptions } from './mdoc-wallet.ts';
export { issueSdJwt, presentSdJwt, signJws, type SdJwt, type SdJwtOptions, type SdJwtPresentation } from './sd-jwt-issuer.ts';
export { SimulatedWallet, type FormPost, type WalletOptions, type WalletTwist } from './wallet.ts';
