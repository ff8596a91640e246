/** What a rule of the architecture test is. */
import type { Project, SourceFile } from './architecture-source.ts';

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface Finding {
  readonly line: number;
  readonly message: string;
}

export interface Rule {
  /** As the planted violations and the exceptions name it. */
  readonly name: string;
  /** The rule in one sentence, with its source. */
  readonly about: string;
  find(file: SourceFile, project: Project): readonly Finding[];
}

/** A file that may break a rule, and why; the test fails when the exception is no longer needed. */
export interface Exception {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

/** Findings for the imports for which `explain` returns a text. */
export function findInImports(file: SourceFile, explain: (found: SourceFile['imports'][number]) => string | undefined): Finding[] {
  return file.imports.flatMap((found) => {
    const message = explain(found);
    return message === undefined ? [] : [{ line: found.line, message }];
  });
}

/** Findings for the nodes for which `explain` returns a text; one for each line. */
export function findInNodes(file: SourceFile, explain: (...visited: SourceFile['nodes'][number]) => string | undefined): Finding[] {
  const byLine = new Map<number, string>();
  for (const [node, parent] of file.nodes) {
    const message = explain(node, parent);
    if (message !== undefined) byLine.set(file.lineOf(node), message);
  }
  return [...byLine].map(([line, message]) => ({ line, message }));
}
