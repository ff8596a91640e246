/** What the phases are called here. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { PLAIN_LABELS } from './assessment-rules.ts';

const PhasesSchema = z.array(z.string().trim().min(1).max(80)).length(4, 'must be four names, of phase 1 to phase 4');

/** @returns labels of phases 0 to 4. @throws {GatehouseError} `config_invalid` */
export async function readPhaseLabels(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return PLAIN_LABELS;
  const fault = (message: string, cause?: unknown): GatehouseError =>
    new GatehouseError('config_invalid', `The file of internationalPhasesFile ${message}. Nothing was started.`, {
      errors: [{ at: 'internationalPhasesFile', message }],
      cause,
    });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw fault('cannot be read', cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw fault('is not JSON', cause);
  }
  const names = PhasesSchema.safeParse(parsed);
  if (!names.success) throw fault(names.error.issues.map(({ message }) => message).join('; '), names.error);
  return [PLAIN_LABELS[0] ?? '', ...names.data];
}
