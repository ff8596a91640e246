/** `/console/code/exports`: what can be handed out, and what each form cannot say. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { html } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { CodeBlock, Details, Inset, LinkButton, Table, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { handOutOscal, handOutPack, handOutTable, handOutVerifier } from './handouts.ts';
import { toDownload } from './routes.ts';
import { OSCAL_MODELS, TABLES, type ExportsService, type Loss, type OscalModel, type TableName } from './schema.ts';

const HERE = '/console/code/exports';

const MODELS: Readonly<Record<OscalModel, string>> = {
  catalog: 'The catalogue of measures',
  profile: 'What applies to this service',
  'component-definition': 'What this gateway measures',
  'assessment-results': 'The last evaluation: observations, and findings where something was measured or signed',
  'plan-of-action-and-milestones': 'Gaps, and alternative measures',
  'mapping-collection': 'How the documents hang together',
};
const TABLE_TEXTS: Readonly<Record<TableName, string>> = {
  measures: 'Measures, with applicability, state and evidence',
  facts: 'Facts about the service',
  gaps: 'Gaps, with owners and dates',
};

export function pages(service: ExportsService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: HERE,
      right: 'code:read',
      summary: 'Exports of the register',
      handle: async ({ principal }) => html(await render(service, principal)),
    }),
    definePage({
      method: 'get',
      path: `${HERE}/pack`,
      right: 'code:read',
      summary: 'The evidence pack, as a file',
      handle: async () => toDownload(await handOutPack(service)),
    }),
    definePage({
      method: 'get',
      path: `${HERE}/verifier`,
      right: 'code:read',
      summary: 'The page that verifies packs, as a file',
      handle: async () => toDownload(await handOutVerifier(service)),
    }),
    definePage({
      method: 'get',
      path: `${HERE}/oscal/{model}`,
      right: 'code:read',
      summary: 'OSCAL, as a file',
      params: z.object({ model: z.enum(OSCAL_MODELS) }),
      handle: async ({ params: { model } }) => toDownload(await handOutOscal(service, model)),
    }),
    definePage({
      method: 'get',
      path: `${HERE}/tables/{table}`,
      right: 'code:read',
      summary: 'A table, as a file',
      params: z.object({ table: z.enum(TABLES) }),
      handle: async ({ params: { table } }) => toDownload(await handOutTable(service, table)),
    }),
  ];
}

interface View {
  readonly verifierSha256: string;
  readonly models: readonly { readonly model: OscalModel; readonly losses: readonly Loss[] }[];
}

async function render(service: ExportsService, principal: Principal): Promise<string> {
  const { sha256 } = await service.verifier();
  const models = await service.losses();
  return renderExportsPage({ verifierSha256: sha256, models }, principal);
}

export function renderExportsPage({ verifierSha256, models }: View, principal: Principal): string {
  return renderCodePage({
    title: 'Code: exports',
    principal,
    section: 'exports',
    children: (
      <>
        <Title>Exports</Title>
        <PackSection sha256={verifierSha256} />
        <h2>Tables</h2>
        <ul>
          {TABLES.map((table) => (
            <li>
              <a href={`${HERE}/tables/${table}`} download="">
                {TABLE_TEXTS[table]} (CSV)
              </a>
            </li>
          ))}
        </ul>
        <h2>OSCAL 1.2.2</h2>
        <p>
          The Open Security Controls Assessment Language of NIST. Each document is held against its official schema before you get it. The register says more
          than OSCAL can; what is lost is listed below each document.
        </p>
        {models.map((one) => (
          <ModelSection {...one} />
        ))}
        <StatementsSection />
      </>
    ),
  });
}

function PackSection({ sha256 }: { readonly sha256: string }): JSX.Element {
  return (
    <>
      <h2>Evidence pack</h2>
      <p>
        The last evaluation, the records, the catalogue, and the proofs that they stand in the transparency log, in one archive that the log signs. Whoever gets
        it checks it without this service and without a network.
      </p>
      <p>
        <LinkButton href={`${HERE}/pack`} download>
          Download the evidence pack
        </LinkButton>
      </p>
      <Details summary="How others check it">
        <p>
          Give them the verifier key of the log by another way than the pack (it is on the page <a href="/console/log">Log</a>). They open{' '}
          <code>verify.html</code> from the pack in a browser, or run:
        </p>
        <CodeBlock label="Command that checks a pack">gatehouse code verify-pack FILE --key KEY</CodeBlock>
        <p>
          The page comes with the pack that it checks. Whoever wants it from elsewhere takes <a href={`${HERE}/verifier`}>this copy</a>, the same in every pack
          of this version. SHA-256:
        </p>
        <CodeBlock label="SHA-256 of the page">{sha256}</CodeBlock>
      </Details>
    </>
  );
}

function ModelSection({ model, losses }: View['models'][number]): JSX.Element {
  return (
    <>
      <h3>{MODELS[model]}</h3>
      <p>
        <a href={`${HERE}/oscal/${model}`} download="">
          Download {model}
        </a>
      </p>
      <Details summary={`What ${model} cannot say`}>
        <Table
          caption={`What ${model} cannot say`}
          isCaptionHidden
          columns={[
            { heading: 'What', isRowHeading: true, cell: ({ what }: Loss) => what },
            { heading: 'Now', isNumeric: true, cell: ({ count }) => String(count) },
            { heading: 'Why, and where it is instead', cell: ({ why }) => why },
          ]}
          rows={losses}
          empty="Nothing."
        />
      </Details>
    </>
  );
}

function StatementsSection(): JSX.Element {
  return (
    <>
      <h2>Statements of reasons</h2>
      <p>For services that the Digital Services Act asks to explain restrictions and to send them to the Commission’s transparency database.</p>
      <CodeBlock label="Command that makes statements">gatehouse code dsa export --from 2026-11-01 --to 2026-12-01 --out statements</CodeBlock>
      <Inset>Nothing is sent. Each file is the body of one call of the database; sending needs your own token.</Inset>
    </>
  );
}
