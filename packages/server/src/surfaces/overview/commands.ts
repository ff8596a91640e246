/** What is open, on the command line. */
import { EXIT, formatTable, print, type CommandDefinition } from '../../platform/cli/command.ts';
import { SurfaceListSchema } from './schema.ts';

export const commands: readonly CommandDefinition[] = [
  {
    name: 'surface list',
    summary: 'show every way in of the running server: open or not, where, what came over it',
    async run(context) {
      const api = await context.api();
      const list = SurfaceListSchema.parse((await api.send({ method: 'GET', path: '/v1/surfaces' })).body);
      print(context, list, () =>
        formatTable([
          ['SURFACE', 'OPEN', 'WHERE', 'CLEAR', 'MATCH', 'UNSCANNABLE', 'ERROR'],
          ...list.items.map(({ name, isOn, addresses, howTo, counts }) => [
            name,
            isOn ? 'yes' : 'no',
            isOn ? addresses.join(', ') : howTo,
            ...[counts?.clear, counts?.match, counts?.unscannable, counts?.error].map((count) => (count === undefined ? '' : String(count))),
          ]),
        ]),
      );
      return EXIT.ok;
    },
  },
];
