/** What the log measures about itself, for the domain `code`. */
import type { AppContext } from '../platform/context.ts';
import type { EvidenceReading } from '../platform/evidence.ts';
import { formatTime } from '../platform/ui/format.ts';
import type { LogService } from './service.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The whole tree is recomputed every night; one night may be missed. */
const SELF_CHECK_FRESH_HOURS = 50;

export function measureLog(log: Pick<LogService, 'status' | 'anchors' | 'selfCheck'>, { evidence }: AppContext): void {
  evidence.measure({
    metric: 'log_checkpoint_age_minutes',
    method:
      'Age of the newest signed checkpoint while there are entries that it does not stand for; zero when it stands for all of them and they continue what was signed.',
    read: async ({ to }) => readCheckpoint(await log.status(), to),
  });
  evidence.measure({
    metric: 'log_witness_age_hours',
    method: 'Age of the newest checkpoint that an outside witness cosigned or a time-stamping authority stamped.',
    async read({ to }) {
      const { lastWitnessAt, lastStampAt, anchoredUpTo } = await log.anchors();
      const times = [lastWitnessAt, lastStampAt].flatMap((at) => (at === null ? [] : [at.getTime()]));
      if (times.length === 0) return { figure: null, finding: 'Nobody outside has seen the log yet: no witness and no time stamp.' };
      const hours = round((to.getTime() - Math.max(...times)) / HOUR_MS);
      return {
        figure: hours,
        finding: `An outsider saw the log ${hours} hours ago; the first ${anchoredUpTo} entries are anchored.`,
        rows: [
          ...(lastWitnessAt === null ? [] : [{ label: 'hours since a witness', figure: round((to.getTime() - lastWitnessAt.getTime()) / HOUR_MS) }]),
          ...(lastStampAt === null ? [] : [{ label: 'hours since a time stamp', figure: round((to.getTime() - lastStampAt.getTime()) / HOUR_MS) }]),
        ],
      };
    },
  });
  evidence.measure({
    metric: 'log_selfcheck_ok',
    method: 'Every night the whole tree is computed anew from its entries and compared with every checkpoint.',
    freshForHours: SELF_CHECK_FRESH_HOURS,
    async read() {
      const last = await log.selfCheck();
      if (last === null) return { figure: null, finding: 'The whole log was not checked yet; that is done every night.' };
      const { at, entries, isOk, fault } = last;
      return { figure: isOk, finding: `${entries} entries at ${formatTime(at.toISOString())}: ${isOk ? 'no fault' : (fault ?? 'a fault')}.`, newestAt: at };
    },
  });
}

function readCheckpoint({ size, checkpoint, isConsistent }: Awaited<ReturnType<LogService['status']>>, to: Date): EvidenceReading {
  if (checkpoint === null) return { figure: null, finding: 'No checkpoint is signed yet.' };
  const minutes = round((to.getTime() - Date.parse(checkpoint.at)) / MINUTE_MS);
  if (isConsistent && checkpoint.size >= size) return { figure: 0, finding: `The checkpoint of ${checkpoint.at} stands for all ${size} entries.` };
  const why = isConsistent ? '' : ' The log does not continue what was signed, so that nothing more is signed.';
  return { figure: minutes, finding: `The newest checkpoint is ${minutes} minutes old and stands for ${checkpoint.size} of ${size} entries.${why}` };
}

function round(value: number): number {
  return Math.max(0, Math.round(value * 100) / 100);
}
