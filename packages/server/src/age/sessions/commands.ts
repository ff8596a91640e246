import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { ServiceViewSchema } from './schema.ts';

const ListSchema = z.object({ services: z.array(ServiceViewSchema) });

export const commands: readonly CommandDefinition[] = [
  {
    name: 'age service add',
    summary: 'register a service that may ask for ages, or change one',
    arguments: [{ name: '<id>', about: 'small letters, digits and hyphens; the audience of its results' }],
    options: [
      { flags: '--name <name>', about: 'shown to the people who are asked' },
      { flags: '--return-origin <origin>', about: 'where people may be sent back to, https://shop.example (repeatable)', isRepeatable: true },
      { flags: '--callback <url>', about: 'where completed checks are announced, signed' },
      { flags: '--under-url <url>', about: 'where people go who are too young: what you have for them; on one of the return origins' },
      { flags: '--help-url <url>', about: 'where people get help with the check and can complain; https or mailto' },
    ],
    help: 'Example:\n  gatehouse age service add forum --name "The Forum" --return-origin https://forum.example',
    async run(context, args) {
      const urls = { callbackUrl: textOption(args, 'callback'), underUrl: textOption(args, 'underUrl'), helpUrl: textOption(args, 'helpUrl') };
      const origins = args.options['returnOrigin'];
      const api = await context.api();
      const reply = await api.send({
        method: 'POST',
        path: '/v1/age/services',
        json: {
          id: args.positional[0] ?? '',
          name: textOption(args, 'name') ?? args.positional[0] ?? '',
          returnOrigins: Array.isArray(origins) ? origins : [],
          ...urls,
        },
      });
      const service = ServiceViewSchema.parse(reply.body);
      print(context, service, () => [`Service ${service.id} may ask for ages; people return to ${service.returnOrigins.join(', ')}.`]);
      return EXIT.ok;
    },
  },
  {
    name: 'age service list',
    summary: 'list the services that may ask for ages',
    async run(context) {
      const api = await context.api();
      const { services } = ListSchema.parse((await api.send({ method: 'GET', path: '/v1/age/services' })).body);
      const rows = services.map(({ id, name, returnOrigins, callbackUrl = '-' }) => [id, name, returnOrigins.join(','), callbackUrl]);
      print(context, services, () =>
        services.length === 0
          ? ['There are no services. Register one with `gatehouse age service add`.']
          : formatTable([['ID', 'NAME', 'RETURN ORIGINS', 'CALLBACK'], ...rows]),
      );
      return EXIT.ok;
    },
  },
  {
    name: 'age service remove',
    summary: 'remove a service; its age checks go with it',
    arguments: [{ name: '<id>', about: 'the id from `gatehouse age service list`' }],
    async run(context, args) {
      const id = args.positional[0] ?? '';
      const api = await context.api();
      await api.send({ method: 'DELETE', path: `/v1/age/services/${encodeURIComponent(id)}` });
      print(context, { id, state: 'removed' }, () => [`Service ${id} is removed.`]);
      return EXIT.ok;
    },
  },
];
