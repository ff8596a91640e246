/** Which release is in use, and where it came from. */
import type { VerifierKey } from '@gatehouse/tlog';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError, isGatehouseError } from '../../platform/errors.ts';
import { chooseRelease, findNewest } from './choice-rules.ts';
import { compareCatalogues, compareVersions } from './compare-rules.ts';
import { PUBLISHER_KEYS } from './publisher-keys.ts';
import { readCatalogue } from './read.ts';
import { openRelease, parsePublisherKeys, toLoaded } from './release.ts';
import type { CatalogueService, LoadedCatalogue, ReleaseChoice, ReleaseFile, ReleaseView, UseOptions } from './schema.ts';
import { readShipped, SHIPPED_DIR } from './shipped.ts';
import * as store from './store.ts';

export interface CatalogueParts {
  readonly context: AppContext;
  /** Tests put a folder of their own here. */
  readonly folder?: string;
}

interface InUse {
  readonly loaded: LoadedCatalogue;
  readonly choice: ReleaseChoice;
}

/** What the parts of this file share. */
interface Shelf {
  readonly context: AppContext;
  readonly keys: readonly VerifierKey[];
  /** Of the releases that came with this software. */
  readonly shipped: readonly string[];
  /** By digest; there are only as many as were ever held. */
  readonly open: Map<string, LoadedCatalogue>;
  inUse: InUse | undefined;
}

/** @throws {GatehouseError} `catalogue_signature`, `catalogue_invalid` when what comes with the software is damaged: without it nobody knows what binds */
export async function createCatalogueService({ context, folder = SHIPPED_DIR }: CatalogueParts): Promise<CatalogueService> {
  const keys = parsePublisherKeys([...PUBLISHER_KEYS, ...context.config.codeCatalogueKeys]);
  const shelf: Shelf = { context, keys, shipped: [], open: new Map(), inUse: undefined };
  const files = await openShipped(folder, shelf);
  const whole: Shelf = { ...shelf, shipped: files.map(({ loaded }) => loaded.digest) };
  await context.database.transact(async (tx) => {
    await store.lockReleases(tx);
    for (const { file, loaded } of files) await store.addRelease(tx, toRow(loaded, { addedAt: context.clock.now(), importedBy: null }), file);
    await settle(whole, tx);
  });
  return createService(whole);
}

function createService(shelf: Shelf): CatalogueService {
  const { database } = shelf.context;
  const refresh = async (): Promise<void> => {
    const choice = await store.readChoice(database.sql);
    const { choice: known } = inUse(shelf);
    if (choice !== undefined && (choice.digest !== known.digest || choice.at.getTime() !== known.at.getTime())) await follow(shelf, choice);
  };
  const release = async (version: string): Promise<LoadedCatalogue> => {
    const { loaded } = inUse(shelf);
    return loaded.catalogue.version === version ? loaded : readHeld(shelf, await findRow(shelf, version));
  };
  return {
    current: () => inUse(shelf).loaded,
    choice: () => inUse(shelf).choice,
    async releases() {
      await refresh();
      const rows = await store.listReleases(database.sql);
      return rows.map((row) => toView(row, shelf)).toSorted((a, b) => compareVersions(b.version, a.version));
    },
    release,
    file: async (version) => store.readRelease(database.sql, (await findRow(shelf, version)).digest),
    import: (file, actor, options = {}) => importRelease(shelf, { file, actor, options }),
    async use(version, actor, options = {}) {
      const { digest } = await findRow(shelf, version);
      return takeIntoUse(shelf, { loaded: await openHeld(shelf, digest), actor, options });
    },
    compare: async (from, to) => compareCatalogues((await release(from)).catalogue, (await release(to)).catalogue),
    refresh,
  };
}

function inUse({ inUse: found }: Shelf): InUse {
  if (found === undefined) throw new Error('no catalogue is in use');
  return found;
}

async function openShipped(folder: string, { keys, open }: Shelf): Promise<{ readonly file: ReleaseFile; readonly loaded: LoadedCatalogue }[]> {
  const files = await readShipped(folder);
  return Promise.all(
    files.map(async (file) => {
      try {
        const loaded = await openRelease(file, keys);
        open.set(loaded.digest, loaded);
        return { file, loaded };
      } catch (cause) {
        if (!isGatehouseError(cause)) throw cause;
        const detail = `${file.name}, which comes with Gatehouse, cannot be used. ${cause.message} Nothing was started. Install Gatehouse again.`;
        throw new GatehouseError(cause.code, detail, { ...cause.extras, cause });
      }
    }),
  );
}

/** At the start: the newest that verifies, or what a person held on to. */
async function settle(shelf: Shelf, tx: Tx): Promise<void> {
  const last = await store.readChoice(tx);
  const rows = (await store.listReleases(tx)).toSorted((a, b) => Number(shelf.shipped.includes(b.digest)) - Number(shelf.shipped.includes(a.digest)));
  const usable: LoadedCatalogue[] = [];
  for (const { digest, version } of rows) {
    const loaded = await openHeld(shelf, digest, tx).catch((error: unknown) => {
      if (!isGatehouseError(error)) throw error;
      shelf.context.log.warn({ version, code: error.code }, 'a release of the catalogue is held and cannot be used any more');
    });
    if (loaded !== undefined) usable.push(loaded);
  }
  const chosen = chooseRelease(usable.map(toCandidate), last);
  if (chosen === undefined)
    throw new GatehouseError('catalogue_invalid', 'There is no release of the catalogue. Nothing was started. Install Gatehouse again.');
  const loaded = await openHeld(shelf, chosen.digest, tx);
  const choice = last?.digest === chosen.digest ? last : await choose(shelf, tx, { loaded, isHeldBack: false, reason: null, actor: 'system' });
  shelf.inUse = { loaded, choice };
}

function toCandidate({ catalogue, digest }: LoadedCatalogue): { readonly version: string; readonly digest: string } {
  return { version: catalogue.version, digest };
}

interface Incoming {
  readonly actor: string;
  readonly options: UseOptions;
}

async function importRelease(shelf: Shelf, { file, actor, options }: Incoming & { readonly file: ReleaseFile }): Promise<ReleaseView> {
  const loaded = await openRelease(file, shelf.keys);
  return takeIntoUse(shelf, { loaded, actor, options, file });
}

/** @param file what is to be kept, when it is new */
async function takeIntoUse(
  shelf: Shelf,
  { loaded, actor, options, file }: Incoming & { readonly loaded: LoadedCatalogue; readonly file?: ReleaseFile },
): Promise<ReleaseView> {
  const { database, clock, events } = shelf.context;
  const { version } = loaded.catalogue;
  const row = toRow(loaded, { addedAt: clock.now(), importedBy: actor });
  const choice = await database.transact(async (tx) => {
    await store.lockReleases(tx);
    const held = await store.listReleases(tx);
    const isNew = file !== undefined && held.every(({ digest }) => digest !== loaded.digest);
    if (isNew && held.some((one) => one.version === version)) {
      const why = 'A release never changes: new content has a new version. Nothing was imported.';
      throw new GatehouseError('catalogue_invalid', `Another release ${version} is held already. ${why}`);
    }
    const isHeldBack = requireOrder(version, held, options);
    if (file !== undefined && (await store.addRelease(tx, row, file)))
      await events.emit('code.changed', { change: 'catalogue_imported', subject: version, actor }, tx);
    return choose(shelf, tx, { loaded, isHeldBack, reason: options.reason ?? null, actor });
  });
  shelf.open.set(loaded.digest, loaded);
  shelf.inUse = { loaded, choice };
  return toView((await store.listReleases(database.sql)).find(({ digest }) => digest === loaded.digest) ?? row, shelf);
}

/** @returns true when a newer one is held */
function requireOrder(version: string, held: readonly store.ReleaseRow[], { allowOlder = false, reason }: UseOptions): boolean {
  const newest = findNewest(held);
  if (newest === undefined || compareVersions(version, newest.version) >= 0) return false;
  const what = `Release ${version} is older than ${newest.version}, which is held here. Nothing was changed.`;
  if (!allowOlder) throw new GatehouseError('conflict', `${what} Allow an older one (\`--allow-older\`) and say why, if that is meant.`);
  if (reason === undefined || reason.trim() === '') throw new GatehouseError('invalid_request', `${what} Say why the older one is to be used.`);
  return true;
}

async function choose(
  { context }: Shelf,
  tx: Tx,
  { loaded, ...rest }: { readonly loaded: LoadedCatalogue } & Pick<ReleaseChoice, 'isHeldBack' | 'reason' | 'actor'>,
): Promise<ReleaseChoice> {
  const choice = { ...toCandidate(loaded), ...rest, at: context.clock.now() };
  await store.addChoice(tx, choice);
  await context.events.emit('code.changed', { change: 'catalogue_in_use', subject: choice.version, actor: choice.actor }, tx);
  return choice;
}

/** Another node chose. What this one cannot verify it does not follow. */
async function follow(shelf: Shelf, choice: ReleaseChoice): Promise<void> {
  shelf.inUse = { loaded: await openHeld(shelf, choice.digest), choice };
}

/** For use: with its signature. */
async function openHeld({ context, keys, open }: Shelf, digest: string, db?: Tx): Promise<LoadedCatalogue> {
  const known = open.get(digest);
  if (known !== undefined) return known;
  const loaded = await openRelease(await store.readRelease(db ?? context.database.sql, digest), keys);
  open.set(digest, loaded);
  return loaded;
}

/** For reading: also when nobody here knows the key any more. It verified when it was added, and the database knows its digest. */
async function readHeld({ context, open }: Shelf, { digest, signedBy }: store.ReleaseRow): Promise<LoadedCatalogue> {
  return open.get(digest) ?? toLoaded(readCatalogue((await store.readRelease(context.database.sql, digest)).bytes), { digest, signedBy });
}

/** The one in use, or the one that was added last. @throws {GatehouseError} `not_found` */
async function findRow(shelf: Shelf, version: string): Promise<store.ReleaseRow> {
  const rows = (await store.listReleases(shelf.context.database.sql)).filter((row) => row.version === version);
  const row = rows.find(({ digest }) => digest === inUse(shelf).loaded.digest) ?? rows[0];
  if (row === undefined) throw new GatehouseError('not_found', `There is no release ${version} of the catalogue here.`);
  return row;
}

function toRow({ catalogue, digest, signedBy }: LoadedCatalogue, added: Pick<store.ReleaseRow, 'addedAt' | 'importedBy'>): store.ReleaseRow {
  const controls = catalogue.groups.flatMap((group) => group.controls);
  return {
    digest,
    version: catalogue.version,
    releasedOn: catalogue.releasedOn,
    signedBy,
    controls: controls.length,
    toVerify: controls.filter(({ verify }) => verify).length,
    ...added,
  };
}

function toView({ addedAt, importedBy, ...row }: store.ReleaseRow, shelf: Shelf): ReleaseView {
  return { ...row, isCurrent: row.digest === inUse(shelf).loaded.digest, importedAt: importedBy === null ? null : addedAt.toISOString() };
}
