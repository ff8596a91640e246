/** What is open on this node. */
import { SURFACE_NAMES, type IntakeService } from '../../intake/index.ts';
import type { Config } from '../../platform/config.ts';
import { VERDICTS } from '../../screening/index.ts';
import type { SurfaceState } from './schema.ts';

export interface OverviewService {
  list(): readonly SurfaceState[];
}

export interface OverviewDeps {
  readonly config: Config;
  readonly intake: Pick<IntakeService, 'passCounts'>;
  /** Of the listeners that are open now, by surface. */
  addresses(): Readonly<Partial<Record<'proxy' | 'icap' | 'clamd', readonly string[]>>>;
}

type Line = Omit<SurfaceState, 'counts' | 'isOn'> & { readonly isOn?: boolean };

/** In the order of the guide. */
function describeAll({ config, addresses }: OverviewDeps): readonly Line[] {
  const { proxy = [], icap = [], clamd = [] } = addresses();
  return [
    {
      name: 'scan',
      title: 'Scan and uploads',
      addresses: ['POST /v1/scan', '/v1/uploads'],
      howTo: 'A key with the right scan, or uploads:write.',
      guide: 'integrate.md',
    },
    {
      name: 'permits',
      title: 'Uploads from browsers',
      addresses: ['POST /v1/permits', 'POST /v1/send'],
      howTo: 'Tickets: POST /v1/tickets; other origins: GATEHOUSE_SURFACE_ORIGINS.',
      guide: 'uploads-client.md',
    },
    { name: 'tus', title: 'Resumable uploads (tus)', addresses: ['/v1/tus'], howTo: 'A ticket, or a key with the right uploads:send.', guide: 'tus.md' },
    {
      name: 'proxy',
      title: 'Reverse proxy',
      addresses: [...proxy],
      isOn: proxy.length > 0,
      howTo: 'GATEHOUSE_PROXY_LISTEN, GATEHOUSE_PROXY_ORIGIN, GATEHOUSE_PROXY_ROUTES_FILE',
      guide: 'proxy.md',
    },
    { name: 'icap', title: 'ICAP', addresses: [...icap], isOn: icap.length > 0, howTo: 'GATEHOUSE_ICAP_LISTEN, GATEHOUSE_ICAPS_LISTEN', guide: 'icap.md' },
    {
      name: 'clamd',
      title: 'Protocol of clamd',
      addresses: [...clamd],
      isOn: clamd.length > 0,
      howTo: 'GATEHOUSE_CLAMD_LISTEN, GATEHOUSE_CLAMD_SOCKET',
      guide: 'clamd.md',
    },
    {
      name: 's3',
      title: 'S3: quarantine and promotion',
      addresses: config.s3Endpoint === undefined ? [] : ['POST /v1/s3/uploads', `${config.s3Endpoint} (${config.s3QuarantineBucket ?? ''})`],
      isOn: config.s3Endpoint !== undefined,
      howTo: 'GATEHOUSE_S3_ENDPOINT and what docs/guide/s3.md names',
      guide: 's3.md',
    },
    { name: 'hook', title: 'Raw hook', addresses: ['POST /v1/hooks/raw'], howTo: 'A key with the right scan.', guide: 'hooks.md' },
    { name: 'pictrs', title: 'pict-rs (Lemmy)', addresses: ['POST /v1/hooks/pictrs'], howTo: 'A key with the right scan in its address.', guide: 'hooks.md' },
    {
      name: 'matrix',
      title: 'Matrix content scanner',
      addresses: config.hooksMatrixHomeserver === undefined ? [] : ['/_matrix/media_proxy/unstable'],
      isOn: config.hooksMatrixHomeserver !== undefined,
      howTo: 'GATEHOUSE_HOOKS_MATRIX_HOMESERVER',
      guide: 'hooks.md',
    },
    {
      name: 'hma',
      title: 'API of Hasher-Matcher-Actioner',
      addresses: config.hmaApi ? ['/hma'] : [],
      isOn: config.hmaApi,
      howTo: 'GATEHOUSE_HMA_API',
      guide: 'hma.md',
    },
  ];
}

export function createOverview(deps: OverviewDeps): OverviewService {
  const counted: ReadonlySet<string> = new Set(SURFACE_NAMES);
  return {
    list() {
      const counts = deps.intake.passCounts();
      return describeAll(deps).map((line) => ({
        ...line,
        isOn: line.isOn ?? true,
        ...(counted.has(line.name) ? { counts: toCounts(counts[line.name]) } : {}),
      }));
    },
  };
}

function toCounts(own: Readonly<Record<string, number>> = {}): NonNullable<SurfaceState['counts']> {
  const [clear, match, unscannable, error] = VERDICTS.map((verdict) => own[verdict] ?? 0);
  return { clear: clear ?? 0, match: match ?? 0, unscannable: unscannable ?? 0, error: error ?? 0 };
}
