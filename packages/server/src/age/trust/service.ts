/** Trust operations: lists in, issuers muted, and the store that presentations are verified against. No presentation ever causes a call to anybody. */
import { createHash, X509Certificate } from 'node:crypto';
import { anchorId, createTrustStore, CredentialError, readCertificate, type StatusLists, type TrustStore } from '@gatehouse/credential';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { readTrustList } from './formats.ts';
import { readPemCertificates } from './pem.ts';
import {
  TrustListFault,
  type AnchorView,
  type FoundAnchor,
  type FoundList,
  type ListFormat,
  type ListView,
  type Tested,
  type TrustImport,
  type TrustReport,
} from './schema.ts';
import * as store from './store.ts';

export interface TrustService {
  importList(wanted: TrustImport, actor: string): Promise<TrustReport>;
  removeList(name: string, actor: string): Promise<void>;
  listLists(): Promise<ListView[]>;
  listAnchors(): Promise<AnchorView[]>;
  /** Results, tokens and passkeys that came from it are void from now on. */
  mute(id: string, reason: string, actor: string): Promise<void>;
  unmute(id: string, actor: string): Promise<void>;
  /** Which anchor would accept this chain now, or what fails. */
  test(chainPem: string, documentType: string | undefined): Promise<Tested>;
  generation(): Promise<number>;
  isHighAssurance(id: string): Promise<boolean>;
  /** The issuers that are trusted now, without muted ones. One small query; certificates are read again only after a change. */
  issuers(): Promise<TrustStore>;
  /** What presentations are verified against now: the issuers, and what they took back. Nothing is fetched. */
  current(): Promise<{ readonly trust: TrustStore; readonly statusLists?: StatusLists }>;
}

type Parts = Pick<AppContext, 'database' | 'clock' | 'events'>;

/** The status lists at hand, as far as their signers are trusted. */
export type StatusSource = (trust: TrustStore) => Promise<StatusLists>;

interface Opened {
  readonly revision: number;
  readonly trust: TrustStore;
  readonly high: ReadonlySet<string>;
}

interface Change {
  readonly change: 'imported' | 'removed' | 'muted' | 'unmuted';
  readonly subject: string;
  readonly actor: string;
}

/** @param statusLists without it, credentials that name a status list are refused */
export function createTrustService(parts: Parts, statusLists?: StatusSource): TrustService {
  const { database, clock } = parts;
  const { sql } = database;
  let opened: Opened | undefined;
  const open = async (): Promise<Opened> => {
    const { revision } = await store.readState(sql);
    if (opened?.revision !== revision) opened = openStore(revision, await store.listAnchors(sql), await store.listMutes(sql));
    return opened;
  };
  return {
    importList: (wanted, actor) => importList(parts, wanted, actor),
    async removeList(name, actor) {
      const isDone = await apply(parts, { change: 'removed', subject: name, actor }, async (tx) => ((await store.removeList(tx, name)) ? 'voids' : 'nothing'));
      if (!isDone) throw new GatehouseError('not_found', 'There is no trust list of this name.');
    },
    async listLists() {
      const [lists, anchors] = [await store.listLists(sql), await store.listAnchors(sql)];
      return lists.map((row) => toListView(row, anchors.filter(({ list }) => list === row.name).length));
    },
    async listAnchors() {
      const mutes = new Map((await store.listMutes(sql)).map((mute) => [mute.anchor, mute]));
      return (await store.listAnchors(sql)).map((row) => toAnchorView(row, mutes.get(row.id)));
    },
    async mute(id, reason, actor) {
      if (!(await store.hasAnchor(sql, id))) throw new GatehouseError('not_found', 'No list has an anchor of this id.');
      const mute = { anchor: id, at: clock.now(), by: actor, reason };
      await apply(parts, { change: 'muted', subject: id, actor }, async (tx) => ((await store.insertMute(tx, mute)) ? 'voids' : 'nothing'));
    },
    async unmute(id, actor) {
      const isDone = await apply(parts, { change: 'unmuted', subject: id, actor }, async (tx) => ((await store.deleteMute(tx, id)) ? 'keeps' : 'nothing'));
      if (!isDone) throw new GatehouseError('not_found', 'No anchor of this id is muted.');
    },
    async test(chainPem, documentType) {
      const chain = asInvalid(() => readPemCertificates(chainPem));
      return testChain((await open()).trust, chain, { documentType, now: clock.now() });
    },
    generation: async () => (await store.readState(sql)).generation,
    isHighAssurance: async (id) => (await open()).high.has(id),
    issuers: async () => (await open()).trust,
    async current() {
      const { trust } = await open();
      return statusLists === undefined ? { trust } : { trust, statusLists: await statusLists(trust) };
    },
  };
}

/** `voids`: an issuer is not believed any more, and what came from it must not be either. */
type Effect = 'nothing' | 'keeps' | 'voids';

async function apply({ database, events }: Parts, change: Change, work: (tx: Tx) => Promise<Effect>): Promise<boolean> {
  return database.transact(async (tx) => {
    await store.raiseRevision(tx);
    const effect = await work(tx);
    if (effect === 'voids') await store.raiseGeneration(tx);
    if (effect !== 'nothing') await events.emit('age.trust_changed', change, tx);
    return effect !== 'nothing';
  });
}

async function importList(parts: Parts, wanted: TrustImport, actor: string): Promise<TrustReport> {
  const { database, clock } = parts;
  const content = Buffer.from(wanted.content, 'base64');
  const read = readChecked(content, wanted, clock.now());
  const report = await compare(database.sql, wanted, read);
  if (wanted.dryRun) return report;
  const anchors = read.list.anchors.map((anchor) => toRow(anchor, wanted));
  const row: store.ListRow = {
    name: wanted.name,
    format: read.format,
    sequence: read.list.sequence ?? null,
    issued_at: read.list.issuedAt ?? null,
    next_update: read.list.nextUpdate ?? null,
    sha256: createHash('sha256').update(content).digest('hex'),
    imported_at: clock.now(),
    imported_by: actor,
  };
  await apply(parts, { change: 'imported', subject: wanted.name, actor }, async (tx) => {
    refuseOlder(await store.findList(tx, wanted.name), read.list, wanted);
    const before = await store.listAnchors(tx);
    await store.replaceList(tx, row, anchors);
    const after = new Set((await store.listAnchors(tx)).map(({ id }) => id));
    return before.every(({ id }) => after.has(id)) ? 'keeps' : 'voids';
  });
  return report;
}

/** What is wrong with a file is the caller's to mend. */
function asInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TrustListFault)) throw error;
    throw new GatehouseError('invalid_request', error.message, { cause: error });
  }
}

interface Read {
  readonly list: FoundList;
  readonly format: ListFormat;
}

function readChecked(content: Uint8Array, wanted: TrustImport, now: Date): Read {
  const read = asInvalid(() => readTrustList(content, { format: wanted.format, signer: wanted.signer, now }));
  if (read.list.anchors.length === 0) throw new GatehouseError('invalid_request', 'The list holds no certificate that can be used. Nothing was changed.');
  return read;
}

async function compare(sql: Parameters<typeof store.findList>[0], wanted: TrustImport, { list, format }: Read): Promise<TrustReport> {
  refuseOlder(await store.findList(sql, wanted.name), list, wanted);
  const before = new Set((await store.listAnchors(sql)).filter((row) => row.list === wanted.name).map(({ id }) => id));
  const after = new Set(list.anchors.map(({ certificate }) => anchorId(certificate)));
  return {
    name: wanted.name,
    format,
    isDryRun: wanted.dryRun,
    added: [...after].filter((id) => !before.has(id)),
    unchanged: [...after].filter((id) => before.has(id)).length,
    gone: [...before].filter((id) => !after.has(id)),
    refused: [...list.refused],
  };
}

/** An older edition would bring back issuers that were taken off. */
function refuseOlder(before: store.ListRow | undefined, list: FoundList, { force }: TrustImport): void {
  if (before === undefined || force) return;
  const isOlder =
    (before.sequence !== null && list.sequence !== undefined && list.sequence < before.sequence) ||
    (before.issued_at !== null && list.issuedAt !== undefined && list.issuedAt < before.issued_at);
  if (isOlder)
    throw new GatehouseError('conflict', 'The list is older than the one that is there. Nothing was changed; import it with `force` if that is meant.');
}

function toRow(anchor: FoundAnchor, { name, documentTypes, country, assurance }: TrustImport): store.AnchorRow {
  const certificate = readCertificate(anchor.certificate);
  const latest = (own: Date, listed: Date | undefined): Date => (listed !== undefined && listed > own ? listed : own);
  const earliest = (own: Date, listed: Date | undefined): Date => (listed !== undefined && listed < own ? listed : own);
  return {
    id: anchorId(anchor.certificate),
    list: name,
    certificate: Buffer.from(anchor.certificate),
    document_types: [...(anchor.documentTypes ?? documentTypes ?? [])].length === 0 ? null : [...(anchor.documentTypes ?? documentTypes ?? [])],
    country: country ?? anchor.country ?? null,
    assurance,
    valid_from: latest(certificate.validFrom, anchor.validFrom),
    valid_to: earliest(certificate.validTo, anchor.validTo),
  };
}

function openStore(revision: number, rows: readonly store.AnchorRow[], mutes: readonly store.MuteRow[]): Opened {
  const muted = new Set(mutes.map(({ anchor }) => anchor));
  const heard = rows.filter(({ id }) => !muted.has(id));
  const anchors = heard.map(({ id, list, certificate, document_types: types, country, valid_from: validFrom, valid_to: validTo }) => ({
    id,
    certificate,
    documentTypes: types ?? ('any' as const),
    country: country ?? undefined,
    source: list,
    validFrom,
    validTo,
  }));
  return { revision, trust: createTrustStore(anchors), high: new Set(heard.filter(({ assurance }) => assurance === 'high').map(({ id }) => id)) };
}

function testChain(
  trust: TrustStore,
  chain: readonly Uint8Array[],
  { documentType, now }: { readonly documentType: string | undefined; readonly now: Date },
): Tested {
  try {
    const { anchor } = trust.verifyChain(chain, { now, purpose: 'mdoc', documentType });
    return { isTrusted: true, anchor: anchor.id, reason: null };
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    return { isTrusted: false, anchor: null, reason: `${error.code}: ${error.message}` };
  }
}

function toListView(row: store.ListRow, anchors: number): ListView {
  return {
    name: row.name,
    format: row.format,
    sequence: row.sequence,
    issuedAt: row.issued_at?.toISOString() ?? null,
    nextUpdate: row.next_update?.toISOString() ?? null,
    sha256: row.sha256,
    importedAt: row.imported_at.toISOString(),
    importedBy: row.imported_by,
    anchors,
  };
}

function toAnchorView(row: store.AnchorRow, mute: store.MuteRow | undefined): AnchorView {
  return {
    id: row.id,
    list: row.list,
    subject: new X509Certificate(row.certificate).subject.replaceAll('\n', ', '),
    documentTypes: row.document_types,
    country: row.country,
    assurance: row.assurance,
    validFrom: row.valid_from.toISOString(),
    validTo: row.valid_to.toISOString(),
    mutedAt: mute?.at.toISOString() ?? null,
    muteReason: mute?.reason ?? null,
  };
}
