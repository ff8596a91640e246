/**
 * A domain's one face (DESIGN.md, import rule 5). `app.ts` folds the list in `domains.ts`; HTTP, console and CLI call the same service.
 */
import type { CommandDefinition } from './cli/command.ts';
import type { Blobs } from './context.ts';
import type { AppContext } from './context.ts';
import type { Migration } from './db/migrate.ts';
import type { Route } from './http/route.ts';
import type { JobDefinition } from './jobs.ts';
import type { LogSource, LogState } from './log-source.ts';

export type { AppContext, Blobs };

/** One finding of `gatehouse doctor` and of the health page. */
export interface CheckResult {
  readonly status: 'ok' | 'attention' | 'fail';
  /** What was found, with figures. */
  readonly finding: string;
  /** How to mend it; required unless ok. */
  readonly remedy?: string;
}

export interface Check {
  /** `lists.age` */
  readonly name: string;
  readonly title: string;
  /** True when a failure must turn /readyz to 503: the node cannot screen. */
  readonly isReadiness?: boolean;
  run(): Promise<CheckResult>;
}

export interface Created<Service> {
  readonly service: Service;
  /** After all domains exist and the schema is up to date. */
  start?(): Promise<void>;
  /** In reverse order, after the server took its last request. */
  stop?(): Promise<void>;
}

/** A port or socket of its own, for what is not the HTTP API: ICAP, clamd, the reverse proxy. */
export interface Listener {
  /** `icap`; for messages. */
  readonly name: string;
  /** Opened last, when everything can answer. @throws {GatehouseError} config_invalid when the address is taken or may not be used */
  open(): Promise<OpenListener>;
}

export interface OpenListener {
  /** `127.0.0.1:1344`, or the path of a Unix socket. */
  readonly address: string;
  /** Takes nothing new, lets what is under way end for at most `timeoutMs`, then closes it. */
  close(timeoutMs: number): Promise<void>;
}

export interface Domain<Name extends string = string, Service = never, Needs extends object = never> {
  readonly name: Name;
  readonly migrations: readonly Migration[];
  /** Tables whose rows live for minutes and are forgotten then: no backup may keep them longer. */
  readonly transient?: readonly string[];
  /** @param needs the services of earlier domains, by name */
  create(context: AppContext, needs: Needs): Promise<Created<Service>>;
  routes?(service: Service, context: AppContext): readonly Route[];
  /** Console pages and their form targets; the same frame as routes, but HTML and hidden from the OpenAPI document. */
  pages?(service: Service, context: AppContext): readonly Route[];
  /** Only what is switched on. Not opened by a node that serves public pages only, nor by a command that needs a server for a moment. */
  listeners?(service: Service, context: AppContext): readonly Listener[];
  jobs?(service: Service, context: AppContext): readonly JobDefinition[];
  checks?(service: Service, context: AppContext): readonly Check[];
  /** Rows that the entries of the transparency log are held against. */
  logSources?(service: Service, context: AppContext): readonly LogSource[];
  /** What must be an entry when it is another than at the last start: keys in use, the policy. Asked when every domain has started. */
  logStates?(service: Service, context: AppContext): Promise<readonly LogState[]> | readonly LogState[];
  /** Instruments for operators (`context.metrics`), and sources of evidence about measures (`context.evidence`). */
  metrics?(service: Service, context: AppContext): void;
  /** Static: the CLI lists them without a running app. */
  readonly commands?: readonly CommandDefinition[];
}

/** Checks the shape at compile time and keeps the types of `Service` and `Needs`. */
export function defineDomain<Name extends string, Service, Needs extends object>(domain: Domain<Name, Service, Needs>): Domain<Name, Service, Needs> {
  return domain;
}
