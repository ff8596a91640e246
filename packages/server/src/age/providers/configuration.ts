/** The operator's file of providers: read, checked, and refused as a whole when one of them cannot do what it is there for. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { GatehouseError, type FieldError } from '../../platform/errors.ts';
import { deriveBuffer } from './buffer-rules.ts';
import { ContactSettingsSchema, createContactProvider } from './contact-provider.ts';
import { createOidcProvider, OidcSettingsSchema } from './oidc-provider.ts';
import { createSandboxProvider } from './sandbox-provider.ts';
import { DeclarationSchema, type AgeProvider, type ProviderTools } from './schema.ts';
import { createSessionProvider, SessionSettingsSchema } from './session-provider.ts';

const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a short lower-case name');
const base = { id, declaration: DeclarationSchema };
const file = z.string().min(1);

/** Secrets stand in files of their own, whose names end in `File` here; a relative name is relative to this file. */
const EntrySchema = z.discriminatedUnion('adapter', [
  z.strictObject({
    ...base,
    adapter: z.literal('oidc'),
    settings: OidcSettingsSchema.omit({ clientSecret: true }).extend({ clientSecretFile: file.optional() }),
  }),
  z.strictObject({
    ...base,
    adapter: z.literal('session'),
    settings: SessionSettingsSchema.omit({ apiKey: true, webhookSecret: true }).extend({ apiKeyFile: file, webhookSecretFile: file.optional() }),
  }),
  z.strictObject({ ...base, adapter: z.literal('contact'), settings: ContactSettingsSchema.omit({ apiKey: true }).extend({ apiKeyFile: file }) }),
  z.strictObject({ ...base, adapter: z.literal('sandbox') }),
]);

export const ProvidersFileSchema = z.strictObject({
  /** Of people who should be refused, the share that may get through an estimator, at every declared age. */
  maxWrongAccept: z.number().gt(0).max(0.2).default(0.01),
  /** Questions that estimators without `thresholds` of their own must be able to answer. */
  thresholds: z.array(z.number().int().min(1).max(99)).min(1).default([18]),
  providers: z.array(EntrySchema).max(50),
});
type Entry = z.output<typeof EntrySchema>;

export interface ConfiguredProviders {
  readonly providers: readonly AgeProvider[];
  readonly maxWrongAccept: number;
}

export const NO_PROVIDERS: ConfiguredProviders = { providers: [], maxWrongAccept: 0.01 };

/** @throws {GatehouseError} `config_invalid`, with what is wrong with which provider */
export async function readProviders(path: string, tools: ProviderTools): Promise<ConfiguredProviders> {
  const parsed = ProvidersFileSchema.safeParse(await readJsonFile(path));
  if (!parsed.success)
    throw refuse(
      path,
      parsed.error.issues.map(({ path: at, message }) => ({ at: `/${at.join('/')}`, message })),
    );
  const { providers, maxWrongAccept, thresholds } = parsed.data;
  const faults = [...findRepeated(providers), ...providers.flatMap((entry, at) => findImpossible(entry, { at, maxWrongAccept, thresholds }))];
  if (faults.length > 0) throw refuse(path, faults);
  const dir = dirname(resolve(path));
  return { maxWrongAccept, providers: await Promise.all(providers.map((entry) => open(entry, { dir, tools }))) };
}

async function readJsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new GatehouseError('config_invalid', `The file of age providers ${path} cannot be read as JSON. No provider is offered.`, { cause });
  }
}

function refuse(path: string, errors: readonly FieldError[]): GatehouseError {
  const text = errors.map(({ at, message }) => `${at}: ${message}`).join(' ');
  return new GatehouseError('config_invalid', `The file of age providers ${path} cannot be used. ${text}`, { errors });
}

function findRepeated(entries: readonly Entry[]): FieldError[] {
  return entries.flatMap((entry, at) =>
    entries.findIndex((other) => other.id === entry.id) === at ? [] : [{ at: `/providers/${at}/id`, message: `"${entry.id}" is there twice.` }],
  );
}

interface Limits {
  readonly at: number;
  readonly maxWrongAccept: number;
  readonly thresholds: readonly number[];
}

/** An estimator that cannot keep the limit would let the operator believe in a check that is none. */
function findImpossible({ declaration }: Entry, { at, maxWrongAccept, thresholds }: Limits): FieldError[] {
  if (declaration.basis === 'verifies') return [];
  const where = `/providers/${at}/declaration`;
  const asked = declaration.thresholds.length > 0 ? declaration.thresholds : thresholds;
  const directions = declaration.canSayUnder ? (['over', 'under'] as const) : (['over'] as const);
  const faults: FieldError[] = asked.flatMap((threshold) =>
    directions.flatMap((direction) => {
      const buffer = deriveBuffer({ threshold, direction }, declaration, maxWrongAccept);
      return buffer.kind === 'impossible' ? [{ at: where, message: `For ${direction} ${threshold}: ${buffer.reason}` }] : [];
    }),
  );
  if (declaration.kind === 'facial_estimation' && declaration.presentationAttackLevel === 'none')
    faults.push({
      at: `${where}/presentationAttackLevel`,
      message: 'An estimator of faces must declare how far it detects masks, photographs and injected video.',
    });
  return faults;
}

async function open(entry: Entry, { dir, tools }: { readonly dir: string; readonly tools: ProviderTools }): Promise<AgeProvider> {
  const secret = async (name: string): Promise<string> => readSecretFile(resolve(dir, name), entry.id);
  const parts = { id: entry.id, declaration: entry.declaration, tools };
  if (entry.adapter === 'sandbox') return createSandboxProvider(parts);
  if (entry.adapter === 'oidc') {
    const { clientSecretFile, ...settings } = entry.settings;
    return createOidcProvider({
      ...parts,
      settings: { ...settings, ...(clientSecretFile === undefined ? {} : { clientSecret: await secret(clientSecretFile) }) },
    });
  }
  if (entry.adapter === 'contact') {
    const { apiKeyFile, ...settings } = entry.settings;
    return createContactProvider({ ...parts, settings: { ...settings, apiKey: await secret(apiKeyFile) } });
  }
  const { apiKeyFile, webhookSecretFile, ...settings } = entry.settings;
  const webhook = webhookSecretFile === undefined ? {} : { webhookSecret: await secret(webhookSecretFile) };
  return createSessionProvider({ ...parts, settings: { ...settings, apiKey: await secret(apiKeyFile), ...webhook } });
}

async function readSecretFile(path: string, provider: string): Promise<string> {
  const text = await readFile(path, 'utf8').then(
    (content) => content.trim(),
    () => '',
  );
  if (text === '') throw new GatehouseError('config_invalid', `The secret of the age provider "${provider}" cannot be read from ${path}.`);
  return text;
}
