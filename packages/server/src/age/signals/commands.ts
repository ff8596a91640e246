import { GatehouseError } from '../../platform/errors.ts';
import { EXIT, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { LABEL_TARGETS, rtaLabel, writeLabel } from './label-rules.ts';

export const commands: readonly CommandDefinition[] = [
  {
    name: 'age label',
    summary: 'print the label that parental-control software reads, for your pages that are for adults alone',
    options: [{ flags: '--for <server>', about: `one line of configuration: ${LABEL_TARGETS.join(', ')}` }],
    help: 'Example:\n  gatehouse age label --for nginx',
    async run(context, args) {
      const wanted = textOption(args, 'for');
      const label = rtaLabel();
      if (wanted === undefined) {
        print(context, label, () => [`${label.header.name}: ${label.header.value}`, label.meta]);
        return EXIT.ok;
      }
      const target = LABEL_TARGETS.find((one) => one === wanted);
      if (target === undefined) throw new GatehouseError('invalid_request', `"--for" must be one of ${LABEL_TARGETS.join(', ')}. Nothing was printed.`);
      print(context, { target, text: writeLabel(target) }, () => [writeLabel(target)]);
      return EXIT.ok;
    },
  },
];
