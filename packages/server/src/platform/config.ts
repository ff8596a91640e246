/**
 * Configuration: the environment over a JSON file over the defaults. The only reader of the environment (DESIGN.md, import rule 4).
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { z } from 'zod';
import { GatehouseError, type FieldError } from './errors.ts';
import { SETTINGS, type Config, type Setting, type SettingKey } from './settings.ts';

export type { Config, SettingKey } from './settings.ts';

export type SettingSource = 'default' | 'environment' | 'file' | 'command line';

export interface SettingView {
  readonly key: SettingKey;
  readonly env: string;
  /** As text; secrets read "(set)" or "(not set)". */
  readonly value: string;
  readonly source: SettingSource;
  readonly fallback: string;
  readonly about: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly views: readonly SettingView[];
  /** The file that was read, if any. */
  readonly file: string | undefined;
}

export interface ConfigInput {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values of command-line options; they win. */
  readonly overrides?: Readonly<Partial<Record<SettingKey, unknown>>>;
  /** Relative paths are resolved against it. */
  readonly cwd?: string;
}

const KEYS = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS);
const PATH_KEYS: readonly SettingKey[] = [
  'dataDir',
  'geoFiles',
  'internationalPhasesFile',
  'ageProvidersFile',
  'ageStatementFile',
  'pgBin',
  'tlsCertFile',
  'tlsKeyFile',
  'receiptKeyFile',
  'ageKeyFile',
  'logKeyFile',
  'logWitnessKeyFile',
  'logTimestampCaFile',
  'ageVerifierFile',
  'ageTokenKeyFile',
  'ageGateKeyFile',
  'ageOpenidKeyFile',
  'clamdSocket',
  'proxyRoutesFile',
];
const CONFIG_FILE_ENV = 'GATEHOUSE_CONFIG_FILE';
/** Read by the CLI only: where a server is and with which key to speak to it. */
const CLIENT_ENV = ['GATEHOUSE_URL', 'GATEHOUSE_API_KEY'];
/** Of services that use Gatehouse, as the guides and examples name them: whoever exports them can still run commands in that shell. */
const SERVICE_ENV = ['GATEHOUSE_KEY', 'GATEHOUSE_CALLBACK_SECRET'];

/** `maxUploadBytes` -> `GATEHOUSE_MAX_UPLOAD_BYTES` */
export function toEnvName(key: SettingKey): string {
  return `GATEHOUSE_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * @throws {GatehouseError} `config_invalid`, with one error for each wrong setting; unknown GATEHOUSE_ names are refused too,
 * because a misspelt limit that is silently ignored is not a limit.
 */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const env = input.env ?? process.env;
  const cwd = input.cwd ?? process.cwd();
  const errors: FieldError[] = findUnknownNames(env);
  const file = env[CONFIG_FILE_ENV];
  const fromFile = file === undefined ? {} : readConfigFile(resolve(cwd, file), errors);
  const values: Partial<Record<SettingKey, unknown>> = {};
  const views: SettingView[] = [];
  for (const key of KEYS) {
    const [raw, source] = pick(input.overrides?.[key], env[toEnvName(key)], fromFile[key]);
    const setting: Setting = SETTINGS[key];
    const parsed = setting.schema.safeParse(raw);
    if (parsed.success) values[key] = PATH_KEYS.includes(key) ? toAbsolute(cwd, parsed.data) : parsed.data;
    else errors.push({ at: source === 'environment' ? toEnvName(key) : key, message: describeIssues(parsed.error) });
    views.push({
      key,
      env: toEnvName(key),
      value: show(setting, values[key]),
      source,
      fallback: show(setting, setting.schema.safeParse(undefined).data),
      about: setting.about,
    });
  }
  if (errors.length === 0) checkTogether(values as Config, errors);
  if (errors.length > 0) throw new GatehouseError('config_invalid', `${errors.length} setting(s) cannot be used. Nothing was started.`, { errors });
  return { config: Object.freeze(values) as Config, views, file };
}

/** Where a server is reached and with which key, for the CLI. */
export function readClientEnv(env: Readonly<Record<string, string | undefined>> = process.env): {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
} {
  return { url: env['GATEHOUSE_URL'], apiKey: env['GATEHOUSE_API_KEY'] };
}

/** What a child process needs of the environment to find its libraries; no secret passes. */
export function childEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Record<string, string> {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'TZ', 'LANG', 'SystemRoot'];
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function toAbsolute(cwd: string, path: unknown): unknown {
  if (Array.isArray(path)) return path.map((one) => toAbsolute(cwd, one));
  return typeof path === 'string' && !isAbsolute(path) ? resolve(cwd, path) : path;
}

function pick(override: unknown, fromEnv: string | undefined, fromFile: unknown): [unknown, SettingSource] {
  if (override !== undefined) return [override, 'command line'];
  // An empty variable is how shells and compose files say "not set".
  if (fromEnv !== undefined && fromEnv !== '') return [fromEnv, 'environment'];
  if (fromFile !== undefined) return [fromFile, 'file'];
  return [undefined, 'default'];
}

function findUnknownNames(env: Readonly<Record<string, string | undefined>>): FieldError[] {
  const known = new Set([...KEYS.map(toEnvName), CONFIG_FILE_ENV, ...CLIENT_ENV, ...SERVICE_ENV]);
  const unknown = Object.keys(env).filter((name) => name.startsWith('GATEHOUSE_') && !known.has(name) && !name.startsWith('GATEHOUSE_TEST_'));
  return unknown.map((name) => ({ at: name, message: 'there is no such setting; `gatehouse config` lists them' }));
}

function readConfigFile(path: string, errors: FieldError[]): Partial<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it must hold one JSON object');
    for (const key of Object.keys(parsed))
      if (!Object.hasOwn(SETTINGS, key)) errors.push({ at: `${path}: ${key}`, message: 'there is no such setting; `gatehouse config` lists them' });
    return Object.fromEntries(Object.entries(parsed));
  } catch (error) {
    errors.push({ at: path, message: `cannot be read: ${describeFileFault(error)}` });
    return {};
  }
}

/** Not the parser's own words: they quote what stands around the fault, and that may be a password. */
function describeFileFault(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is not valid JSON';
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? `the system answered ${code}` : error instanceof Error ? error.message : 'unknown fault';
}

function checkTogether(config: Config, errors: FieldError[]): void {
  if ((config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined)) {
    errors.push({ at: 'tlsCertFile, tlsKeyFile', message: 'both are needed for TLS, or neither' });
  }
  if ((config.logTimestampUrl === undefined) !== (config.logTimestampCaFile === undefined)) {
    errors.push({
      at: 'logTimestampUrl, logTimestampCaFile',
      message: 'both are needed for time stamps, or neither: a stamp that nobody can check is worth nothing',
    });
  }
  const isPublic = !isLoopback(config.host);
  if (isPublic && config.tlsCertFile === undefined && config.trustedProxies.length === 0) {
    errors.push({
      at: toEnvName('host'),
      message: `${config.host} can be reached from outside, and neither TLS (tlsCertFile, tlsKeyFile) nor a TLS-ending proxy (trustedProxies) is set: keys and content would travel in the clear`,
    });
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function show(setting: Setting, value: unknown): string {
  if (setting.isSecret === true) return value === undefined ? '(not set)' : '(set)';
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '(not set)';
  return Array.isArray(value) ? value.join(',') : String(value);
}

function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ');
}

/** The path of a file or folder of ours in the data directory. */
export function inDataDir(config: Config, ...parts: readonly string[]): string {
  return join(config.dataDir, ...parts);
}
