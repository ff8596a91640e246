import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { childEnvironment, isLoopback, loadConfig, readClientEnv, toEnvName, type ConfigInput } from './config.ts';
import { isGatehouseError, type FieldError } from './errors.ts';
import { SETTINGS } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, content);
  return path;
}

/** What is wrong with the input; empty when it loads. */
function faultsOf(input: ConfigInput): readonly FieldError[] {
  try {
    loadConfig(input);
    return [];
  } catch (error) {
    if (!isGatehouseError(error, 'config_invalid')) throw error;
    return error.extras.errors ?? [];
  }
}

const faultOf = (env: Record<string, string>): FieldError | undefined => faultsOf({ env })[0];

describe('precedence', () => {
  it('is command line, environment, file, default', () => {
    const path = file('{"port": 1001, "logLevel": "warn", "sessionHours": 3}');
    const {
      config,
      views,
      file: read,
    } = loadConfig({ env: { GATEHOUSE_CONFIG_FILE: path, GATEHOUSE_PORT: '1002', GATEHOUSE_LOG_LEVEL: 'error' }, overrides: { port: 1003 } });
    expect([config.port, config.logLevel, config.sessionHours, config.signInLinkMinutes]).toEqual([1003, 'error', 3, 30]);
    const sources = Object.fromEntries(views.map(({ key, source }) => [key, source]));
    expect([sources['port'], sources['logLevel'], sources['sessionHours'], sources['host']]).toEqual(['command line', 'environment', 'file', 'default']);
    expect(read).toBe(path);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ env: { GATEHOUSE_PORT: '', GATEHOUSE_HOST: '' } }).config).toMatchObject({ port: 8080, host: '127.0.0.1' });
  });

  it('resolves paths against the working directory, wherever they come from', () => {
    const { config } = loadConfig({ env: { GATEHOUSE_PG_BIN: '/opt/pg/bin' }, overrides: { receiptKeyFile: 'keys/r.pem' }, cwd: '/srv' });
    expect([config.dataDir, config.pgBin, config.receiptKeyFile]).toEqual([resolve('/srv/data'), '/opt/pg/bin', resolve('/srv/keys/r.pem')]);
  });

  it('gives a configuration that nobody changes afterwards', () => {
    expect(Object.isFrozen(loadConfig({ env: {} }).config)).toBe(true);
  });
});

describe('names', () => {
  it('in the environment are derived from the keys', () => {
    expect(toEnvName('maxUploadBytes')).toBe('GATEHOUSE_MAX_UPLOAD_BYTES');
    expect(toEnvName('host')).toBe('GATEHOUSE_HOST');
  });

  it('that are unknown are refused, each by name, without their values', () => {
    const faults = faultsOf({
      env: { GATEHOUSE_MAX_UPLOAD_BYTE: 'hidden', GATEHOUSE_: 'x', GATEHOUSE_URL: 'x', GATEHOUSE_API_KEY: 'x', GATEHOUSE_TEST_ANYTHING: 'x', OTHER: 'x' },
    });
    expect(faults.map(({ at }) => at)).toEqual(['GATEHOUSE_MAX_UPLOAD_BYTE', 'GATEHOUSE_']);
    expect(JSON.stringify(faults)).not.toContain('hidden');
  });

  it('of services in the same shell are left alone: the guides have them exported', () => {
    expect(faultsOf({ env: { GATEHOUSE_KEY: 'gh_x', GATEHOUSE_CALLBACK_SECRET: 'whsec_x', GATEHOUSE_KEYS: 'x' } }).map(({ at }) => at)).toEqual([
      'GATEHOUSE_KEYS',
    ]);
  });

  it.each(['prot', 'toString', 'constructor', '__proto__', 'PORT'])('%s in a file is refused', (name) => {
    const path = file(`{"${name}": 1}`);
    expect(faultsOf({ env: { GATEHOUSE_CONFIG_FILE: path } }).map(({ at }) => at)).toEqual([`${path}: ${name}`]);
  });

  it('are all described, and every default is valid', () => {
    const { views } = loadConfig({ env: {} });
    expect(views.map(({ key }) => key)).toEqual(Object.keys(SETTINGS));
    for (const { key, about, source } of views) expect([key, about.endsWith('.'), source]).toEqual([key, true, 'default']);
  });
});

describe('values', () => {
  it.each([
    ['80a', 'x'],
    ['0x50', 'x'],
    ['1e3', 'x'],
    ['-1', 'x'],
    ['80.5', 'x'],
    ['65536', 'x'],
    ['Infinity', 'x'],
  ])('%s is no port', (value) => {
    expect(faultOf({ GATEHOUSE_PORT: value })).toEqual({ at: 'GATEHOUSE_PORT', message: 'must be a whole number from 0 to 65535' });
  });

  it.each(['null', 'true', '[80]', '"80a"', '80.5', '{}'])('%s in a file is no port', (value) => {
    expect(faultsOf({ env: { GATEHOUSE_CONFIG_FILE: file(`{"port": ${value}}`) } })).toEqual([
      { at: 'port', message: 'must be a whole number from 0 to 65535' },
    ]);
  });

  it('may be numbers as text or as JSON numbers', () => {
    expect(loadConfig({ env: { GATEHOUSE_PORT: ' 81 ' } }).config.port).toBe(81);
    expect(loadConfig({ env: { GATEHOUSE_CONFIG_FILE: file('{"port": 81, "decodeProcesses": "2"}') } }).config).toMatchObject({ port: 81, decodeProcesses: 2 });
  });

  it('may be lists with commas or as JSON lists', () => {
    expect(loadConfig({ env: { GATEHOUSE_ALLOWED_HOSTS: ' a.example, ,b.example ' } }).config.allowedHosts).toEqual(['a.example', 'b.example']);
    expect(loadConfig({ env: { GATEHOUSE_CONFIG_FILE: file('{"allowedHosts": ["a.example"]}') } }).config.allowedHosts).toEqual(['a.example']);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['no', false],
  ])('%s is a switch: %s', (value, expected) => {
    expect(loadConfig({ env: { GATEHOUSE_REQUIRE_LISTS: value } }).config.requireLists).toBe(expected);
  });

  it.each(['off', 'False', 'nein'])('%s is no switch: nothing is guessed', (value) => {
    expect(faultOf({ GATEHOUSE_REQUIRE_LISTS: value })?.at).toBe('GATEHOUSE_REQUIRE_LISTS');
  });

  it('are all reported at once', () => {
    expect(faultsOf({ env: { GATEHOUSE_PORT: 'x', GATEHOUSE_LOG_LEVEL: 'loud', GATEHOUSE_PUBLIC_URL: 'ftp://x' } }).map(({ at }) => at)).toEqual([
      'GATEHOUSE_PORT',
      'GATEHOUSE_PUBLIC_URL',
      'GATEHOUSE_LOG_LEVEL',
    ]);
  });

  it('of the public address lose their closing slash', () => {
    expect(loadConfig({ env: { GATEHOUSE_PUBLIC_URL: 'https://gate.example/' } }).config.publicUrl).toBe('https://gate.example');
  });

  it.each(['proxy.internal', '0.0.0.0/0', '10.0.0.0/99', '::/0', '10.0.0.1,nonsense'])('%s is no trusted proxy', (value) => {
    expect(faultOf({ GATEHOUSE_TRUSTED_PROXIES: value })?.at).toBe('GATEHOUSE_TRUSTED_PROXIES');
  });
});

describe('secrets', () => {
  it('are shown only as set or not set, and never in a fault', () => {
    const show = (env: Record<string, string>): string | undefined => loadConfig({ env }).views.find(({ key }) => key === 'databaseUrl')?.value;
    expect(show({})).toBe('(not set)');
    expect(show({ GATEHOUSE_DATABASE_URL: 'postgres://u:geheim@db/x' })).toBe('(set)');
    expect(JSON.stringify(loadConfig({ env: { GATEHOUSE_DATABASE_URL: 'postgres://u:geheim@db/x' } }).views)).not.toContain('geheim');
    expect(JSON.stringify(faultsOf({ env: { GATEHOUSE_DATABASE_URL: 'mysql://u:geheim@db/x' } }))).not.toContain('geheim');
  });

  it('in a broken file are not quoted', () => {
    for (const content of ['{"databaseUrl": "postgres://u:geheim@db/x"', '{"databaseUrl": "postgres://u:geheim@db/x" "port": 1}', '{"databaseUrl": geheim}']) {
      const faults = faultsOf({ env: { GATEHOUSE_CONFIG_FILE: file(content) } });
      expect(faults[0]?.message).toBe('cannot be read: it is not valid JSON');
      expect(JSON.stringify(faults)).not.toContain('geheim');
    }
  });

  it('do not reach child processes', () => {
    const env = {
      PATH: '/bin',
      GATEHOUSE_DATABASE_URL: 'postgres://u:geheim@db/x',
      GATEHOUSE_API_KEY: 'geheim',
      NODE_OPTIONS: '--require /x',
      LD_PRELOAD: '/x',
      TZ: 'UTC',
    };
    expect(childEnvironment(env)).toEqual({ PATH: '/bin', TZ: 'UTC' });
  });
});

describe('the file', () => {
  it.each([
    ['{', 'it is not valid JSON'],
    ['', 'it is not valid JSON'],
    ['[]', 'it must hold one JSON object'],
    ['null', 'it must hold one JSON object'],
    ['"x"', 'it must hold one JSON object'],
  ])('with %j is refused', (content, reason) => {
    const path = file(content);
    expect(faultsOf({ env: { GATEHOUSE_CONFIG_FILE: path } })).toEqual([{ at: path, message: `cannot be read: ${reason}` }]);
  });

  it('must exist when it is named, and be a file', () => {
    expect(faultsOf({ env: { GATEHOUSE_CONFIG_FILE: 'missing.json' }, cwd: folder })).toEqual([
      { at: join(folder, 'missing.json'), message: 'cannot be read: the system answered ENOENT' },
    ]);
    expect(faultsOf({ env: { GATEHOUSE_CONFIG_FILE: folder } })[0]?.message).toBe('cannot be read: the system answered EISDIR');
  });

  it('is found relative to the working directory', () => {
    writeFileSync(join(folder, 'here.json'), '{"port": 99}');
    expect(loadConfig({ env: { GATEHOUSE_CONFIG_FILE: 'here.json' }, cwd: folder }).config.port).toBe(99);
  });
});

describe('listening', () => {
  it.each(['0.0.0.0', '::', '192.0.2.10', 'gate.example', '127.0.0.1.evil.example'])('on %s needs TLS or a proxy that ends it', (host) => {
    const fault = faultOf({ GATEHOUSE_HOST: host });
    expect(fault?.at).toBe('GATEHOUSE_HOST');
    expect(fault?.message).toContain('in the clear');
    expect(faultsOf({ env: { GATEHOUSE_HOST: host, GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8' } })).toEqual([]);
    expect(faultsOf({ env: { GATEHOUSE_HOST: host, GATEHOUSE_TLS_CERT_FILE: 'c.pem', GATEHOUSE_TLS_KEY_FILE: 'k.pem' } })).toEqual([]);
  });

  it('publicly is not allowed by a proxy setting that names nobody', () => {
    for (const proxies of ['', ',', 'nonsense']) expect(faultsOf({ env: { GATEHOUSE_HOST: '0.0.0.0', GATEHOUSE_TRUSTED_PROXIES: proxies } })).not.toEqual([]);
  });

  it('with half of TLS is refused', () => {
    expect(faultOf({ GATEHOUSE_TLS_CERT_FILE: 'c.pem' })?.at).toBe('tlsCertFile, tlsKeyFile');
    expect(faultOf({ GATEHOUSE_TLS_KEY_FILE: 'k.pem' })?.at).toBe('tlsCertFile, tlsKeyFile');
  });

  it('is local by default and on every loopback address', () => {
    expect(loadConfig({ env: {} }).config.host).toBe('127.0.0.1');
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])
      expect([isLoopback(host), faultsOf({ env: { GATEHOUSE_HOST: host } })]).toEqual([true, []]);
    for (const host of ['', '0.0.0.0', '::', '128.0.0.1', '127.0.0.1.nip.example', 'localhost.example', '::ffff:127.0.0.1', '1127.0.0.1'])
      expect([host, isLoopback(host)]).toEqual([host, false]);
  });
});

describe('the client', () => {
  it('reads where a server is and its key', () => {
    expect(readClientEnv({ GATEHOUSE_URL: 'https://gate.example', GATEHOUSE_API_KEY: 'gh_x' })).toEqual({ url: 'https://gate.example', apiKey: 'gh_x' });
    expect(readClientEnv({})).toEqual({ url: undefined, apiKey: undefined });
  });
});
