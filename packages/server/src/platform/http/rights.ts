/** Everything that a key or a person may be allowed to do: one right per route. `docs/guide/operate.md` explains each. */
export const RIGHTS = {
  scan: 'Screen content and get a verdict (POST /v1/scan, try-it).',
  match: 'Look hashes up in the lists and see which entries they match (POST /v1/match, console).',
  'uploads:write': 'Create uploads, send their content, delete them.',
  'uploads:send': "Send uploads in one's own name: ask for permits, upload resumably, learn the outcome of one's own uploads and of no other.",
  'uploads:read': 'See uploads, their verdicts and receipts, and fetch released content.',
  'held:view': 'Look at held content, blurred and grey first. Each look is recorded.',
  'receipts:verify': 'Ask whether a receipt is valid for content.',
  'lists:read': 'See lists, versions and entries.',
  'lists:write': 'Import, change, disable and enable lists and entries.',
  'callbacks:manage': 'See callbacks that could not be delivered and send them again.',
  'age:ask': 'Open age checks and read their results.',
  'age:manage': 'Manage the relying services, the trust lists and the providers of age checks.',
  'age:read': 'See the evidence about age checks: counts, methods and configuration, no person.',
  'log:read': 'See the entries of the transparency log with what they commit to, and hand out proofs.',
  'log:manage': 'Sign a checkpoint of the transparency log at once; choose its witnesses, and the logs of others that are witnessed here.',
  'code:read': 'See which measures bind the service, their evidence, the records, and export them.',
  'code:manage': 'Answer the questions about the service, keep records, attestations and targets, run evaluations.',
  'code:sign': 'Sign risk assessments and records in your own name.',
  'international:read': 'See hosting claims, country profiles and figures about notices.',
  'international:manage': 'Keep country profiles, assessments and datasets.',
  'notices:draft': 'Report hosted material, draft notices, close reports.',
  'notices:send': 'Approve contacts and notices, so that they are sent.',
  'notices:receive': 'Deliver replies to notices: the right of a mail gateway, which sees nothing by it.',
  'notices:urls': 'See the address of reported material. Each look is recorded.',
  'register:edit': 'Propose changes to the register of recommendations.',
  'register:review': 'Publish or reject proposed changes of others.',
  'keys:manage': 'Make and revoke API keys and sign-in links.',
  'settings:read': 'See the settings (secrets masked).',
  'health:read': 'See the detailed health checks and metrics.',
  'backup:write': 'Write a backup into a folder of the server (over the control socket only).',
} as const satisfies Record<string, string>;

export type Right = keyof typeof RIGHTS;
export const ALL_RIGHTS: readonly Right[] = Object.keys(RIGHTS).filter((right): right is Right => right in RIGHTS);

export function isRight(value: string): value is Right {
  return Object.hasOwn(RIGHTS, value);
}

/** Who asks. */
export interface Principal {
  readonly kind: 'anonymous' | 'key' | 'session' | 'local' | 'ticket' | 'surface';
  /** Stable, not secret: an id of ours, or the address for anonymous ones. */
  readonly id: string;
  readonly name: string;
  readonly rights: ReadonlySet<Right>;
  /** Sessions only: what forms and scripts must send back. */
  readonly csrfToken?: string;
  /** Stub mode is on; pages say so. */
  readonly isStub?: true;
}

export interface Credentials {
  readonly authorization: string | undefined;
  readonly sessionCookie: string | undefined;
  readonly ip: string;
}

export interface Authenticator {
  /** Undefined when there are no credentials, or none that are valid. */
  authenticate(credentials: Credentials): Promise<Principal | undefined>;
}

/** Whoever may open the control socket in the data directory owns the installation. */
export const LOCAL_PRINCIPAL: Principal = { kind: 'local', id: 'local', name: 'command line on this machine', rights: new Set(ALL_RIGHTS) };
