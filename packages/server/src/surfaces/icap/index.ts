/** The ICAP server (RFC 3507). See README.md. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { GatehouseError } from '../../platform/errors.ts';
import type { AppContext, Listener } from '../../platform/domain.ts';
import { ENGINE_VERSION } from '../../screening/index.ts';
import { defineRoom, type SurfaceParts } from '../room.ts';
import { createSocketListener, splitHostPort } from '../socket-listener.ts';
import { answerFault } from './answer-rules.ts';
import { TUNING, type Tuning } from './channel.ts';
import { checks } from './checks.ts';
import { serveConnection, type Serving } from './connection.ts';
import { createJudge } from './screening.ts';

export type IcapName = 'icap' | 'icaps';

export interface IcapService {
  readonly name: 'icap';
  /** What is open: `127.0.0.1:1344`. */
  addresses(): ReadonlyMap<IcapName, string>;
  listeners(): readonly Listener[];
}

export const icapRoom = defineRoom<IcapService>({
  async create(parts: SurfaceParts) {
    return { service: createIcapService(parts) };
  },
  listeners: (service) => service.listeners(),
  checks,
});

/** @param tuning tests put short times here */
export function createIcapService(parts: SurfaceParts, tuning: Tuning = TUNING): IcapService {
  const { context } = parts;
  const addresses = new Map<IcapName, string>();
  const requests = context.metrics.counter({
    name: 'gatehouse_icap_requests_total',
    help: 'ICAP requests by what was answered.',
    labels: ['method', 'outcome'],
  });
  const serving: Serving = {
    parts,
    tuning,
    judge: createJudge(parts),
    istag: () => nameState(parts),
    count: (method, outcome) => requests.add({ method, outcome }),
  };
  return {
    name: 'icap',
    addresses: () => addresses,
    listeners: () =>
      (['icap', 'icaps'] as const).flatMap((name) => {
        const at = name === 'icap' ? context.config.icapListen : context.config.icapsListen;
        return at === undefined ? [] : [createListener(serving, { name, at, addresses })];
      }),
  };
}

/** RFC 3507 4.7: at most 32 bytes with its quotes; another one when what is let through may be another. */
function nameState({ context, intake, lists }: SurfaceParts): string {
  const state = [lists.matcher().listSetVersion, intake.policyVersion, ENGINE_VERSION, context.config.icapUnscannable];
  return createHash('sha256').update(JSON.stringify(state)).digest('hex').slice(0, 24);
}

interface Opening {
  readonly name: IcapName;
  readonly at: string;
  readonly addresses: Map<IcapName, string>;
}

function createListener(serving: Serving, { name, at, addresses }: Opening): Listener {
  const { config, log } = serving.parts.context;
  return {
    name,
    async open() {
      const listener = createSocketListener({
        name,
        where: splitHostPort(at),
        allow: config.surfaceAllow,
        maxConnections: config.surfaceMaxConnections,
        idleMs: config.surfaceIdleSeconds * 1000,
        log,
        busy: answerFault({ istag: serving.istag(), isLast: true }, 503),
        handle: (connection) => serveConnection(serving, connection),
        ...(name === 'icaps' ? { tls: await readTls(serving.parts.context) } : {}),
      });
      const opened = await listener.open();
      addresses.set(name, opened.address);
      return {
        address: opened.address,
        async close(timeoutMs) {
          addresses.delete(name);
          await opened.close(timeoutMs);
        },
      };
    },
  };
}

async function readTls({ config }: AppContext): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  if (config.tlsCertFile === undefined || config.tlsKeyFile === undefined)
    throw new GatehouseError(
      'config_invalid',
      'GATEHOUSE_ICAPS_LISTEN needs a certificate: set GATEHOUSE_TLS_CERT_FILE and GATEHOUSE_TLS_KEY_FILE. Nothing was opened.',
    );
  return { cert: await readFile(config.tlsCertFile), key: await readFile(config.tlsKeyFile) };
}
