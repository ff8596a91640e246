/**
 * The trust of the demonstration, apart from everybody else's: its simulated issuers are believed for sessions of its own service and for no other, and for
 * these nobody else is believed. Where it is off, nobody is.
 */
import { createTrustStore } from '@gatehouse/credential';
import type { VerifierKey } from '../wallet/verifier-key.ts';
import { createWalletProtocol } from '../wallet/protocol.ts';
import type { TrustCircle, WalletTrust } from '../wallet/schema.ts';
import { DEMO_SERVICE } from '../sessions/schema.ts';
import { createDemoIssuers, type DemoIssuers } from './people.ts';
import { DEMO_SD_JWT_TYPE } from './schema.ts';

export interface DemoTrustParts {
  readonly isOn: boolean;
  readonly now: () => Date;
  readonly signer: VerifierKey;
  /** Of signed requests. */
  readonly lifetimeS: number;
  /** Of the real lists: results carry it, and are held against it. */
  readonly generation: () => Promise<number>;
  /** Made when first needed, unless a test brings them. */
  readonly made?: DemoIssuers | undefined;
}

export interface DemoTrust {
  readonly circle: TrustCircle;
  issuers(): DemoIssuers;
}

const NOBODY = createTrustStore([]);

export function createDemoTrust({ isOn, now, signer, lifetimeS, generation, made }: DemoTrustParts): DemoTrust {
  let opened: { readonly issuers: DemoIssuers; readonly store: typeof NOBODY } | undefined;
  const open = (): NonNullable<typeof opened> => {
    if (opened === undefined) {
      const issuers = made ?? createDemoIssuers(now());
      // The muted one is left out, as the real trust store leaves out muted anchors.
      opened = { issuers, store: createTrustStore([issuers.trusted.anchor]) };
    }
    return opened;
  };
  const trust: WalletTrust = {
    generation,
    isHighAssurance: async () => false,
    current: async () => ({ trust: isOn ? open().store : NOBODY }),
  };
  return {
    circle: { trust, protocol: createWalletProtocol({ signer, trust, query: { sdJwtTypes: [DEMO_SD_JWT_TYPE] }, lifetimeS }) },
    issuers: () => open().issuers,
  };
}

/** The one place that says whose proofs count for which service. */
export function chooseCircle(real: TrustCircle, demo: TrustCircle): (service: string) => TrustCircle {
  return (service) => (service === DEMO_SERVICE ? demo : real);
}
