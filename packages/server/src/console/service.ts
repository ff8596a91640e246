/** Asks lists, screening and intake on behalf of the overview and of try-it. Keeps nothing. */
import type { Readable } from 'node:stream';
import type { AgeService } from '../age/index.ts';
import type { IntakeService } from '../intake/index.ts';
import { DEMONSTRATION_LIST, type ListsService } from '../lists/index.ts';
import type { AppContext } from '../platform/context.ts';
import { PROBLEMS, toGatehouseError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import { formatCount } from '../platform/ui/format.ts';
import type { ScreeningService } from '../screening/index.ts';
import { listSamples, openDemonstrationList, openSample } from './samples.ts';
import type { Attempt, Demonstration, Overview, Sample } from './schema.ts';

export interface ConsoleNeeds {
  readonly lists: ListsService;
  readonly screening: ScreeningService;
  readonly intake: IntakeService;
  readonly age: AgeService;
}

export interface Trial {
  readonly name: string;
  readonly stream: Readable;
  /** Where a thumbnail is; samples only. */
  readonly picture?: string;
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

export interface ConsoleService {
  summarise(): Promise<Overview>;
  readDemonstration(): Promise<Demonstration>;
  /** Imports `data/demo-list.csv`; repeating it changes nothing. */
  loadDemonstration(actor: Principal, signal: AbortSignal): Promise<void>;
  readonly samples: readonly Sample[];
  openSample(sample: Sample): Readable;
  /** What would become of one picture. Never throws for what the picture is or for a busy service: that is an answer, too. */
  tryPicture(trial: Trial): Promise<Attempt>;
}

export function createConsoleService(context: AppContext, { lists, screening, intake, age }: ConsoleNeeds): ConsoleService {
  return {
    async summarise() {
      const [listSummary, uploads] = await Promise.all([lists.summarise(), intake.summarise()]);
      const { decidedLastDay, byState, oldestUndecidedAt } = uploads;
      return {
        lists: { ...listSummary, changedAt: listSummary.lastChangeAt?.toISOString() },
        uploads: {
          released: decidedLastDay.release,
          held: decidedLastDay.hold,
          refused: decidedLastDay.refuse,
          waiting: byState.received + byState.scanning,
          oldestWaitingAt: oldestUndecidedAt?.toISOString(),
        },
        health: describeHealth({ lists, screening, deadCallbacks: uploads.deadCallbacks, activeLists: listSummary.activeLists }),
        publicUrl: context.publicUrl(),
        canTryAge: age.demo.isOn,
      };
    },
    async readDemonstration() {
      const list = await lists.find(DEMONSTRATION_LIST);
      if (list === undefined) return { state: 'absent' };
      return { state: list.state, listId: list.id, entries: Object.values(list.entries).reduce((sum, count) => sum + count, 0) };
    },
    async loadDemonstration(actor, signal) {
      const list =
        (await lists.find(DEMONSTRATION_LIST)) ??
        (await lists.create({ name: DEMONSTRATION_LIST, source: 'Generated pictures that come with Gatehouse' }, actor.id));
      await lists.importFile({ listId: list.id, actor: actor.id, stream: openDemonstrationList(), name: 'demo-list.csv', signal });
    },
    samples: listSamples(),
    openSample,
    tryPicture: (trial) => tryPicture({ lists, intake }, trial),
  };
}

async function tryPicture({ lists, intake }: Pick<ConsoleNeeds, 'lists' | 'intake'>, { name, stream, picture, principal, signal }: Trial): Promise<Attempt> {
  try {
    const reply = await intake.scan({ feed: (sink) => sink(stream), principal, signal, wantsReceipt: false });
    // The person may see what entry it is at its source; without the right to see lists, only that there is one.
    const hits = principal.rights.has('lists:read') ? [...(await lists.addReferences(reply.hits))] : reply.hits;
    return { kind: 'screened', name, reply: { ...reply, hits }, picture };
  } catch (thrown) {
    const error = toGatehouseError(thrown);
    return { kind: 'failed', name, reason: error.message, remedy: PROBLEMS[error.code].remedy };
  }
}

interface HealthInput extends Pick<ConsoleNeeds, 'lists' | 'screening'> {
  readonly deadCallbacks: number;
  readonly activeLists: number;
}

/** One line each; the page "Health" has all checks with their remedies. */
function describeHealth({ lists, screening, deadCallbacks, activeLists }: HealthInput): Overview['health'] {
  const { state, listSetVersion } = lists.freshness();
  const waiting = screening.queueLength();
  return [
    {
      title: 'Lists',
      isWell: state === 'fresh' && activeLists > 0,
      finding:
        activeLists === 0
          ? 'No list is in force: nothing can be cleared.'
          : state === 'fresh'
            ? `Version ${listSetVersion} is in force on this node.`
            : `This node's lists are ${state}; it answers "error" until they are fresh.`,
    },
    { title: 'Screening', isWell: true, finding: waiting === 0 ? 'Nothing waits.' : `${formatCount(waiting, 'screening')} under way or waiting.` },
    {
      title: 'Callbacks',
      isWell: deadCallbacks === 0,
      finding: deadCallbacks === 0 ? 'None could not be delivered.' : `${formatCount(deadCallbacks, 'callback')} could not be delivered.`,
    },
  ];
}
