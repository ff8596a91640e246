/** The architecture test's rules and exceptions in one list, and the run over a project. */
import { accessRules } from './architecture-access-rules.ts';
import { importRules } from './architecture-import-rules.ts';
import type { Exception, Rule, Violation } from './architecture-rule.ts';
import type { Project } from './architecture-source.ts';
import { styleRules } from './architecture-style-rules.ts';

export { readProject } from './architecture-source.ts';

export const RULES: readonly Rule[] = [...importRules, ...accessRules, ...styleRules];

/** Each names one file and the reason. A test fails when one is no longer needed. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: 'time',
    path: 'packages/client/src/outside.ts',
    reason: "The client runs in other people's servers, without our composition root: it asks for the time in this one file.",
  },
  {
    rule: 'randomness',
    path: 'packages/client/src/outside.ts',
    reason: 'The same, for nonces of sealed cookies and of sessions.',
  },
  {
    rule: 'randomness',
    path: 'packages/server/web/age-bytes.ts',
    reason: 'Blinding factors and nonces of age tokens hide things from the server: the browser must draw them itself.',
  },
  {
    rule: 'time',
    path: 'packages/server/web/age-live.ts',
    reason: 'The page counts down the seconds of a QR code in the browser, where there is no Clock; timers stand still in pages that nobody sees.',
  },
  {
    rule: 'randomness',
    path: 'packages/credential/src/simulator/authority.ts',
    reason: 'Simulated issuers and wallets draw keys, salts and nonces; the verifier draws nothing.',
  },
  {
    rule: 'randomness',
    path: 'packages/credential/src/simulator/mdoc-issuer.ts',
    reason: 'Simulated issuers and wallets draw keys, salts and nonces; the verifier draws nothing.',
  },
  {
    rule: 'randomness',
    path: 'packages/credential/src/simulator/sd-jwt-issuer.ts',
    reason: 'Simulated issuers and wallets draw keys, salts and nonces; the verifier draws nothing.',
  },
  {
    rule: 'randomness',
    path: 'packages/credential/src/simulator/wallet.ts',
    reason: 'Simulated issuers and wallets draw keys, salts and nonces; the verifier draws nothing.',
  },
];

export function findViolations(project: Project, rules: readonly Rule[] = RULES): Violation[] {
  return project.files.flatMap((file) =>
    rules.flatMap((rule) => rule.find(file, project).map((finding) => ({ rule: rule.name, path: file.path, ...finding }))),
  );
}

export function isExcepted(violation: Violation, exceptions: readonly Exception[]): boolean {
  return exceptions.some((exception) => exception.rule === violation.rule && exception.path === violation.path);
}

/** One line for each violation, as an editor can open it. */
export function describe({ path, line, rule, message }: Violation): string {
  return `${path}:${line} ${rule}: ${message}`;
}
