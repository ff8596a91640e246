/**
 * The script of `verify.html`, the page that comes with every evidence pack. It stands in the page itself, together with the checks: the page works from
 * a file, without a network. Nothing of the pack is ever taken for markup.
 */
interface Check {
  readonly what: string;
  readonly result: 'holds' | 'fails' | 'not_checked';
  readonly detail: string;
}

interface Measure {
  readonly control: string;
  readonly title: string;
  readonly outcome: string;
  readonly state: string;
  readonly measured: number;
  readonly attested: number;
  readonly judged: number;
  readonly notEvaluated: number;
}

interface Report {
  readonly isIntact: boolean;
  readonly origin: string;
  readonly keyFrom: 'given' | 'pack';
  readonly verifierKey: string;
  readonly evaluation: { readonly id: string; readonly at: string; readonly catalogueVersion: string } | null;
  readonly checks: readonly Check[];
  readonly measures: readonly Measure[];
}

type CheckPack = (tar: Uint8Array, keys: readonly string[]) => Promise<Report>;

const RESULTS = { holds: 'Holds', fails: 'Does not hold', not_checked: 'Not checked' } as const;
export function connectVerifier(checkPack: CheckPack): void {
  const form = find('form', HTMLFormElement);
  const input = find('#pack', HTMLInputElement);
  let dropped: File | undefined;
  const run = (): void => {
    const file = dropped ?? input.files?.[0];
    if (file === undefined) say('Choose the .tar file first.');
    else void show(file, checkPack);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  input.addEventListener('change', () => {
    dropped = undefined;
    run();
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    dropped = event.dataTransfer?.files[0] ?? undefined;
    if (dropped !== undefined) run();
  });
  form.hidden = false;
}

async function show(file: File, checkPack: CheckPack): Promise<void> {
  const results = find('#results', HTMLElement);
  results.replaceChildren();
  say(`Checking ${file.name}…`);
  try {
    const report = await checkPack(new Uint8Array(await file.arrayBuffer()), readKeys());
    results.append(...describe(report));
    say(summarise(report));
  } catch (error) {
    say(`Nothing was checked: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function readKeys(): string[] {
  return find('#keys', HTMLTextAreaElement).value.split('\n');
}

function summarise({ isIntact, keyFrom, checks }: Report): string {
  const failing = checks.filter(({ result }) => result === 'fails').length;
  if (!isIntact) return `This pack does not hold: ${failing} of ${checks.length} checks fail. Do not rely on it.`;
  return keyFrom === 'given'
    ? 'Everything that was checked holds.'
    : 'Everything that was checked holds, by the key in the pack itself: compare that key with one from elsewhere.';
}

function describe({ origin, verifierKey, evaluation, checks, measures }: Report): HTMLElement[] {
  return [
    table({
      caption: 'The pack',
      head: ['What', 'As the pack says'],
      rows: [
        { cells: ['Log', origin] },
        { cells: ['Verifier key', verifierKey] },
        { cells: ['Evaluation', evaluation === null ? 'cannot be read' : `${evaluation.id}, ${evaluation.at}, catalogue ${evaluation.catalogueVersion}`] },
      ],
    }),
    table({
      caption: 'What was checked',
      head: ['Check', 'Result', 'Detail'],
      rows: checks.map(({ what, result, detail }) => ({ cells: [what, RESULTS[result], detail], state: result })),
    }),
    table({
      caption: 'Measures, and what stands behind their states',
      head: ['Measure', 'For this service', 'State', 'Measured', 'Attested', 'Judged', 'Not evaluated'],
      rows: measures.map((one) => ({
        cells: [
          `${one.control}: ${one.title}`,
          one.outcome.replaceAll('_', ' '),
          one.state.replaceAll('_', ' '),
          ...[one.measured, one.attested, one.judged, one.notEvaluated].map(String),
        ],
      })),
    }),
  ];
}

interface TableView {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly state?: Check['result'] }[];
}

function table({ caption, head, rows }: TableView): HTMLElement {
  const made = document.createElement('table');
  made.createCaption().textContent = caption;
  const header = made.createTHead().insertRow();
  for (const text of head) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = text;
    header.append(cell);
  }
  const body = made.createTBody();
  for (const { cells, state = '' } of rows) {
    const line = body.insertRow();
    line.className = state;
    for (const text of cells) line.insertCell().textContent = text;
  }
  const frame = document.createElement('div');
  frame.className = 'scroll';
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', caption);
  frame.append(made);
  return frame;
}

function say(text: string): void {
  find('#status', HTMLElement).textContent = text;
}

function find<T extends Element>(selector: string, type: new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new TypeError(`the page has no ${selector}`);
  return found;
}
