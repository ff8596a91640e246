/** How a start is taken back, and how a stop goes. */
import type { Log } from './platform/log.ts';

/** What must be undone, last first. A step that fails does not keep the others from running. */
export class Undo {
  readonly #steps: { readonly name: string; run(): Promise<void> }[] = [];
  readonly #log: Log;
  #done: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, run: () => Promise<void>): void {
    this.#steps.push({ name, run });
  }

  runAll(): Promise<void> {
    return (this.#done ??= this.#run());
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.toReversed()) {
      try {
        await step.run();
      } catch (error) {
        this.#log.error({ step: step.name, err: error }, 'a step of the stop failed');
      }
    }
  }
}
