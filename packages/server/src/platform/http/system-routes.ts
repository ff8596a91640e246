/** What the whole says about itself: health, metrics, documentation, settings. */
import { z } from 'zod';
import type { BackupManifest } from '../backup/backup.ts';
import { runChecks } from '../checks.ts';
import type { SettingView } from '../config.ts';
import type { Check } from '../domain.ts';
import type { Metrics } from '../metrics.ts';
import { renderApiDocs, renderErrorDocs } from '../ui/docs-page.tsx';
import { renderHealthPage } from '../ui/health-page.tsx';
import { renderSettingsPage } from '../ui/settings-page.tsx';
import { GatehouseError } from '../errors.ts';
import { buildOpenApi } from './openapi.ts';
import { html, json } from './reply.ts';
import { definePage, defineRoute, type Route } from './route.ts';

export interface SystemOptions {
  readonly checks: readonly Check[];
  readonly settings: readonly SettingView[];
  readonly metrics: Metrics;
  readonly version: string;
  /** Every route, those of this file included. */
  readonly apiRoutes: () => readonly Route[];
  readonly backUp: (folder: string) => Promise<BackupManifest>;
}

const CheckOutcomeSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    status: z.enum(['ok', 'attention', 'fail']),
    finding: z.string(),
    remedy: z.string().optional(),
    isReadiness: z.boolean(),
  })
  .meta({ id: 'CheckOutcome' });
const HealthSchema = z.object({ status: z.enum(['ok', 'attention', 'fail']), version: z.string(), checks: z.array(CheckOutcomeSchema) }).meta({ id: 'Health' });
const ReadinessSchema = z.object({ status: z.enum(['ready', 'unready']), failing: z.array(z.string()) }).meta({ id: 'Readiness' });
const SettingSchema = z
  .object({ key: z.string(), env: z.string(), value: z.string(), source: z.string(), fallback: z.string(), about: z.string() })
  .meta({ id: 'Setting' });

export function createSystemRoutes(options: SystemOptions): readonly Route[] {
  return [...createHealthRoutes(options), ...createDocRoutes(options), ...createSettingsRoutes(options), createBackupRoute(options)];
}

function createHealthRoutes(options: SystemOptions): readonly Route[] {
  const assess = async (): Promise<z.output<typeof HealthSchema>> => {
    const checks = await runChecks(options.checks);
    const worst = checks.some(({ status }) => status === 'fail') ? 'fail' : checks.some(({ status }) => status === 'attention') ? 'attention' : 'ok';
    return { status: worst, version: options.version, checks };
  };
  return [
    defineRoute({
      method: 'get',
      path: '/livez',
      right: 'public',
      tag: 'health',
      summary: 'Is the process alive?',
      responses: { 200: { description: 'it is', contentType: 'text/plain' } },
      handle: async () => new Response('alive\n', { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      right: 'public',
      tag: 'health',
      summary: 'Can this node screen now?',
      description: 'Load balancers ask here. Only names of failing checks are told.',
      responses: { 200: { description: 'ready', schema: ReadinessSchema }, 503: { description: 'not ready', schema: ReadinessSchema } },
      async handle() {
        const failing = (await runChecks(options.checks.filter((check) => check.isReadiness === true)))
          .filter(({ status }) => status === 'fail')
          .map(({ name }) => name);
        return json({ status: failing.length === 0 ? 'ready' : 'unready', failing }, { status: failing.length === 0 ? 200 : 503 });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/health',
      right: 'health:read',
      tag: 'health',
      summary: 'Every check with its finding and how to mend it',
      responses: { 200: { description: 'the findings, whatever they are', schema: HealthSchema } },
      handle: async () => json(await assess()),
    }),
    defineRoute({
      method: 'get',
      path: '/metrics',
      right: 'health:read',
      tag: 'health',
      summary: 'Prometheus metrics',
      responses: { 200: { description: 'text exposition format', contentType: 'text/plain' } },
      async handle() {
        const { body, contentType } = await options.metrics.render();
        return new Response(body, { headers: { 'content-type': contentType } });
      },
    }),
    definePage({
      method: 'get',
      path: '/console/health',
      right: 'health:read',
      summary: 'Health',
      handle: async ({ principal }) => html(renderHealthPage(await assess(), principal)),
    }),
  ];
}

function createDocRoutes(options: SystemOptions): readonly Route[] {
  let document: ReturnType<typeof buildOpenApi> | undefined;
  const openApi = (): ReturnType<typeof buildOpenApi> => (document ??= buildOpenApi(options.apiRoutes(), options.version));
  return [
    defineRoute({
      method: 'get',
      path: '/openapi.json',
      right: 'public',
      tag: 'documentation',
      summary: 'This document',
      responses: { 200: { description: 'OpenAPI 3.1', contentType: 'application/json' } },
      handle: async () => json(openApi()),
    }),
    definePage({
      method: 'get',
      path: '/docs',
      right: 'public',
      summary: 'The HTTP API, for people',
      handle: async ({ principal }) => html(renderApiDocs(openApi(), principal)),
    }),
    definePage({
      method: 'get',
      path: '/docs/errors',
      right: 'public',
      summary: 'Every error code and what to do about it',
      handle: async ({ principal }) => html(renderErrorDocs(principal)),
    }),
  ];
}

function createSettingsRoutes(options: SystemOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/settings',
      right: 'settings:read',
      tag: 'settings',
      summary: 'Every setting with its source and default; secrets masked',
      responses: { 200: { description: 'the settings', schema: z.object({ settings: z.array(SettingSchema) }) } },
      handle: async () => json({ settings: options.settings }),
    }),
    definePage({
      method: 'get',
      path: '/console/settings',
      right: 'settings:read',
      summary: 'Settings',
      handle: async ({ principal }) => html(renderSettingsPage(options.settings, principal)),
    }),
  ];
}

const BackupReportSchema = z
  .object({ folder: z.string(), tables: z.number().int(), files: z.number().int(), sizeBytes: z.number().int() })
  .meta({ id: 'BackupReport' });

/** The folder is one of the server's machine, so only whoever owns the data directory may name it: over the control socket. */
function createBackupRoute(options: SystemOptions): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/backups',
    right: 'backup:write',
    tag: 'settings',
    summary: 'Write a backup into a new folder of this machine (control socket only)',
    body: z.object({ folder: z.string().min(1).max(4096).startsWith('/', 'must be an absolute path') }),
    responses: { 201: { description: 'written and on disk', schema: BackupReportSchema } },
    async handle({ principal, body }) {
      if (principal.kind !== 'local') throw new GatehouseError('forbidden', 'Backups are made with `gatehouse backup` on the machine of the server.');
      const { tables, files } = await options.backUp(body.folder);
      const sizeBytes = [...tables, ...files].reduce((sum, { sizeBytes: size }) => sum + size, 0);
      return json({ folder: body.folder, tables: tables.length, files: files.length, sizeBytes }, { status: 201 });
    },
  });
}
