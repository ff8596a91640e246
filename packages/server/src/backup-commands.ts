/** `gatehouse backup` through the running server, `gatehouse restore` into an empty data directory. */
import { resolve } from 'node:path';
import { restoreIntoEmpty } from './app.ts';
import { EXIT, print, type CommandDefinition } from './platform/cli/command.ts';
import { GatehouseError } from './platform/errors.ts';

interface BackupReport {
  readonly folder: string;
  readonly tables: number;
  readonly files: number;
  readonly sizeBytes: number;
}

const backupCommand: CommandDefinition = {
  name: 'backup',
  summary: 'Write everything into a new folder: database, content, list segments, keys',
  help: 'The folder must be new or empty, on the machine of the server. It holds held content and private keys: keep it as safe as the data directory.',
  arguments: [{ name: '<folder>', about: 'where to' }],
  async run(context, args) {
    const folder = resolve(args.positional[0] ?? '');
    const { body } = await (await context.api()).send({ method: 'POST', path: '/v1/backups', json: { folder } });
    const report = body as BackupReport;
    print(context, report, () => [
      `Backup written to ${report.folder}: ${report.tables} tables and ${report.files} files, ${(report.sizeBytes / 1_048_576).toFixed(1)} MiB.`,
    ]);
    return EXIT.ok;
  },
};

const restoreCommand: CommandDefinition = {
  name: 'restore',
  summary: 'Fill an empty data directory (and database) from a backup',
  help: 'Every file is checked against the manifest before anything is written. Sessions and keys are restored too.',
  arguments: [{ name: '<folder>', about: 'a folder that `gatehouse backup` wrote' }],
  async run(context, args) {
    const folder = args.positional[0];
    if (folder === undefined) throw new GatehouseError('invalid_request', 'Name the folder of the backup.');
    const manifest = await restoreIntoEmpty({ loaded: context.config(), log: context.log, clock: context.clock, signal: context.signal }, resolve(folder));
    print(context, { restored: true, createdAt: manifest.createdAt, tables: manifest.tables.length, files: manifest.files.length }, () => [
      `Restored the backup of ${manifest.createdAt}. Start with \`gatehouse serve\`.`,
    ]);
    return EXIT.ok;
  },
};

export const backupCommands: readonly CommandDefinition[] = [backupCommand, restoreCommand];
