/**
 * `node bench/oracles/judge.mjs [--limit-ms N] [--oracle program.mjs …] < inputs > verdicts`: what the other verifiers say. Inputs and verdicts are lines of JSON;
 * an input's `format` chooses who is asked. The first line says who they are; then `{ id, verdicts: { name: { verdict, reads, reason } } }` for each input in order.
 */
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { openOracle, ORACLES } from './oracle.mjs';

const { values } = parseArgs({ options: { 'limit-ms': { type: 'string' }, oracle: { type: 'string', multiple: true } } });
const limits = values['limit-ms'] === undefined ? {} : { limitMs: Number(values['limit-ms']) };
const inputs = (await text(process.stdin))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const programs = values.oracle === undefined ? ORACLES : Object.fromEntries(Object.keys(ORACLES).map((format) => [format, values.oracle]));
const names = [...new Set(Object.values(programs).flat())];
const opened = new Map(await Promise.all(names.map(async (name) => [name, await openOracle(name, limits)])));
print({ about: Object.fromEntries([...opened.values()].map(({ name, about }) => [name, about])) });
for (const input of inputs) {
  const asked = programs[input.format].map((program) => opened.get(program));
  const answers = await Promise.all(asked.map(async (oracle) => [oracle.name, await oracle.ask({ id: input.id, verb: 'verify', input })]));
  print({ id: input.id, verdicts: Object.fromEntries(answers.map(([name, { verdict, reads, reason }]) => [name, { verdict, reads, reason }])) });
}
for (const oracle of opened.values()) oracle.close();

function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
