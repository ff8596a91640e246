/** How results of checks are said, everywhere. */
import type { TagColour } from '../../platform/ui/components.tsx';
import type { CheckView } from '../model/schema.ts';

export const RESULT_WORDS: Readonly<Record<CheckView['result'], { readonly text: string; readonly colour: TagColour }>> = {
  pass: { text: 'passes', colour: 'green' },
  fail: { text: 'fails', colour: 'red' },
  stale: { text: 'out of date', colour: 'yellow' },
  never_run: { text: 'never run', colour: 'grey' },
};
