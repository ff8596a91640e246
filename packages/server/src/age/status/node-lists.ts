/**
 * The lists of one node: tokens as they were served, inflated when they are first asked for, and let go when all of them together are too large.
 * Looking something up calls nobody: an issuer must not learn where its credential is shown.
 */
import type { StatusList, StatusLists, TrustStore } from '@gatehouse/credential';
import { openToken } from './fetcher.ts';
import { isBelieved, nameOf, readSighting, type SeenCount } from './rules.ts';
import type { StatusFormat } from './schema.ts';

export interface HeldList {
  readonly uri: string;
  readonly issuer: string | null;
  readonly fetchedAt: Date;
  readonly expiresAt: Date | undefined;
  readonly token: Buffer;
  readonly format: StatusFormat;
  /** Of the token. */
  readonly revision: number;
}

export type LookUp = 'valid' | 'invalid' | 'suspended' | 'unregistered' | 'missing' | 'stale' | 'unreadable';

export interface NodeOptions {
  readonly maxStaleMs: number;
  /** Of what is inflated. One list may always be. */
  readonly maxBytes: number;
  readonly count: (outcome: LookUp) => void;
}

interface Inflated {
  readonly list: StatusList;
  /** The issuers that it was verified against: after a change of these it is verified again. */
  readonly trust: TrustStore;
  readonly revision: number;
}

/** Undefined: registered, and never fetched. */
export type Registered = ReadonlyMap<string, HeldList | undefined>;

export class NodeLists {
  readonly #options: NodeOptions;
  /** The one that was used last stands last. */
  readonly #inflated = new Map<string, Inflated>();
  readonly #seen = new SeenAddresses();

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  get inflatedBytes(): number {
    return [...this.#inflated.values()].reduce((sum, { list }) => sum + list.sizeBytes, 0);
  }

  get seen(): { readonly counts: readonly SeenCount[]; readonly others: number } {
    return this.#seen;
  }

  toStatusLists(held: Registered, trust: TrustStore): StatusLists {
    return { statusOf: (uri, index, now) => this.#lookUp({ held, trust }, { uri, index, now }) };
  }

  #lookUp(
    { held, trust }: { readonly held: Registered; readonly trust: TrustStore },
    { uri, index, now }: { readonly uri: string; readonly index: number; readonly now: Date },
  ): 'valid' | 'invalid' | 'suspended' | 'unknown' {
    const one = held.get(uri);
    if (one === undefined) {
      if (!held.has(uri)) this.#seen.note(uri);
      return this.#refuse(held.has(uri) ? 'missing' : 'unregistered');
    }
    if (!isBelieved(one, now, this.#options.maxStaleMs)) return this.#refuse('stale');
    const list = this.#inflate(one, trust, now);
    if (list === undefined) return this.#refuse('unreadable');
    const status = list.statusAt(index);
    this.#options.count(status);
    return status;
  }

  #refuse(outcome: LookUp): 'unknown' {
    this.#options.count(outcome);
    return 'unknown';
  }

  /** Undefined when its signer is not believed any more. */
  #inflate(held: HeldList, trust: TrustStore, now: Date): StatusList | undefined {
    const before = this.#inflated.get(held.uri);
    this.#inflated.delete(held.uri);
    if (before?.trust === trust && before.revision === held.revision) {
      this.#inflated.set(held.uri, before);
      return before.list;
    }
    try {
      const { list } = openToken(held, { trust, now });
      this.#makeRoom(list.sizeBytes);
      this.#inflated.set(held.uri, { list, trust, revision: held.revision });
      return list;
    } catch {
      return undefined;
    }
  }

  #makeRoom(wantedBytes: number): void {
    for (const oldest of this.#inflated.keys()) {
      if (this.inflatedBytes + wantedBytes <= this.#options.maxBytes) return;
      this.#inflated.delete(oldest);
    }
  }
}

const SEEN_MAX = 200;

/** In memory alone, without a time: nothing of a presentation is stored. Only issuers that are trusted get this far (mdoc.ts, sd-jwt.ts). */
class SeenAddresses {
  readonly #counts = new Map<string, SeenCount>();
  #others = 0;

  get counts(): readonly SeenCount[] {
    return [...this.#counts.values()];
  }

  get others(): number {
    return this.#others;
  }

  note(uri: string): void {
    const sighting = readSighting(uri);
    const name = nameOf(sighting);
    const before = this.#counts.get(name);
    if (sighting === undefined || (before === undefined && this.#counts.size >= SEEN_MAX)) this.#others += 1;
    else this.#counts.set(name, { ...sighting, hasQuery: sighting.hasQuery || before?.hasQuery === true, count: (before?.count ?? 0) + 1 });
  }
}
