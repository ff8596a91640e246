import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { GatehouseError } from '../errors.ts';
import type { Terminal } from '../log.ts';
import { EXIT, print, type CommandDefinition } from './command.ts';
import { completionCommand } from './completion.ts';
import { createProgressBar } from './progress.ts';
import { runProgram } from './program.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(definitions: readonly CommandDefinition[], argv: readonly string[]): Promise<Ran> {
  const written = { out: '', err: '' };
  const terminal: Terminal = { out: (text) => void (written.out += text), err: (text) => void (written.err += text), isInteractive: false };
  const openLocal = (): Promise<never> => Promise.reject(new GatehouseError('starting', 'There is no server in this test.'));
  const code = await runProgram({ definitions, version: '1.2.3', terminal, clock: createFakeClock(), signal: new AbortController().signal, openLocal }, argv);
  return { code, ...written };
}

const greet: CommandDefinition = {
  name: 'sample greet',
  summary: 'Greets',
  arguments: [{ name: '<names...>', about: 'whom' }],
  options: [
    { flags: '--loud', about: 'in capitals' },
    { flags: '--title <title>', about: 'before the name', isRepeatable: true },
  ],
  async run(context, args) {
    const words = [...(Array.isArray(args.options['title']) ? args.options['title'] : []), ...args.positional].join(' ');
    print(context, { words }, () => [args.options['loud'] === true ? words.toUpperCase() : words]);
    return EXIT.ok;
  },
};

const failing = (error: Error): CommandDefinition => ({ name: 'fail', summary: 'Fails', run: () => Promise.reject(error) });

describe('runProgram', () => {
  it('hands over variadic arguments, flags and repeated options', async () => {
    expect(await run([greet], ['sample', 'greet', 'Ada', 'Bob', '--loud', '--title', 'Dr', '--title', 'Sir'])).toEqual({
      code: 0,
      out: 'DR SIR ADA BOB\n',
      err: '',
    });
  });

  it('prints exactly one JSON value with --json', async () => {
    const { out } = await run([greet], ['sample', 'greet', 'Ada', '--json']);
    expect(JSON.parse(out)).toEqual({ words: 'Ada' });
  });

  it('answers misuse with 64 and a hint', async () => {
    for (const argv of [['sample', 'greet'], ['sample', 'greet', 'x', '--no-such'], ['no-such']]) {
      const { code, err } = await run([greet], argv);
      expect(code).toBe(EXIT.usage);
      expect(err).toContain('--help');
    }
  });

  it('maps errors to documented exit codes and says what to do', async () => {
    const refused = await run([failing(new GatehouseError('not_found', 'There is no list "x".'))], ['fail']);
    expect(refused.code).toBe(EXIT.refused);
    expect(refused.err).toContain('There is no list "x".');
    expect(refused.err).toContain('Check the address and the id.');
    expect((await run([failing(new GatehouseError('database_unavailable', 'away'))], ['fail'])).code).toBe(EXIT.unavailable);
    expect(
      (await run([failing(new GatehouseError('config_invalid', 'bad', { errors: [{ at: 'GATEHOUSE_PORT', message: 'must be a number' }] }))], ['fail'])).err,
    ).toContain('GATEHOUSE_PORT: must be a number');
    expect((await run([failing(new TypeError('surprise'))], ['fail'])).code).toBe(EXIT.internal);
  });

  it('prints errors as one problem object with --json', async () => {
    const { code, out, err } = await run([failing(new GatehouseError('conflict', 'no'))], ['fail', '--json']);
    expect(code).toBe(EXIT.refused);
    expect(JSON.parse(out)).toMatchObject({ code: 'conflict', status: 409, detail: 'no' });
    expect(err).toBe('');
  });

  it('shows help and the version with exit code 0', async () => {
    expect((await run([greet], ['--help'])).out).toContain('sample');
    expect(await run([greet], ['--version'])).toMatchObject({ code: 0, out: '1.2.3\n' });
  });
});

describe('completion', () => {
  it('names every noun, verb and option for each shell, and refuses unknown shells', async () => {
    const definitions: readonly CommandDefinition[] = [greet, completionCommand(() => [greet])];
    for (const shell of ['bash', 'zsh']) {
      const { out } = await run(definitions, ['completion', shell]);
      for (const word of ['sample', 'greet', '--loud', '--title', '--json']) expect(out).toContain(word);
    }
    expect((await run(definitions, ['completion', 'fish'])).out).toContain('-a greet');
    expect((await run(definitions, ['completion', 'tcsh'])).code).toBe(EXIT.refused);
  });
});

describe('createProgressBar', () => {
  it('prints a line for each tenth where no terminal is', () => {
    let text = '';
    const bar = createProgressBar({ out: () => undefined, err: (line) => void (text += line), isInteractive: false }, createFakeClock(), 'reading');
    for (let i = 0; i <= 100; i++) bar.update(i, 100);
    bar.finish('done');
    expect(text.trimEnd().split('\n')).toEqual([...Array.from({ length: 11 }, (_none, i) => `reading: ${i * 10} %`), 'reading: done']);
  });

  it('redraws one line on a terminal, ten times a second at the most', () => {
    let draws = 0;
    const clock = createFakeClock();
    const bar = createProgressBar({ out: () => undefined, err: () => void (draws += 1), isInteractive: true }, clock, 'reading');
    for (let i = 0; i < 1_000; i++) {
      bar.update(i, 1_000);
      clock.advance(1);
    }
    expect(draws).toBe(10);
  });
});
