/** Gives places and signs, over and over, until it is killed. A process of its own, of the server's build. */
import { createLogService } from '../../dist/log/service.js';
import { systemClock } from '../../dist/platform/clock.js';
import { loadConfig } from '../../dist/platform/config.js';
import { openDatabase } from '../../dist/platform/db/database.js';
import { createEvents } from '../../dist/platform/events.js';
import { silentLog } from '../../dist/platform/log.js';
import { createMetrics } from '../../dist/platform/metrics.js';

const { dataDir, target } = JSON.parse(process.argv[2] ?? '');
const { config } = loadConfig({ env: {}, overrides: { dataDir, logOrigin: 'crash.example/log' } });
const database = openDatabase({ target, connections: 2, log: silentLog });
const service = await createLogService({
  config,
  database,
  clock: systemClock,
  log: silentLog,
  events: createEvents(),
  metrics: createMetrics(),
  publicUrl: () => 'http://crash.example',
  stopping: new AbortController().signal,
});
process.stdout.write('ready\n');
for (;;) {
  await service.checkpoint();
  await service.checks.tree.step();
}
