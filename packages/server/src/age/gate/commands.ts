import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { ClientViewSchema } from './schema.ts';

const ListSchema = z.object({ clients: z.array(ClientViewSchema) });

export const commands: readonly CommandDefinition[] = [
  {
    name: 'age client add',
    summary: 'let a service ask for ages by OpenID Connect, or change how',
    arguments: [{ name: '<service>', about: 'the id from `gatehouse age service list`' }],
    options: [
      { flags: '--redirect-uri <uri>', about: 'where codes are sent to, compared character by character (repeatable)', isRepeatable: true },
      { flags: '--id <id>', about: 'the client_id; default: the id of the service' },
      { flags: '--public', about: 'a client that can keep no secret, such as an app' },
      { flags: '--new-secret', about: 'replaces the secret of a client that has one' },
      { flags: '--min-grade <grade>', about: 'least grade of a yes, 0 to 4; default 2' },
    ],
    help: 'The secret is shown once.\nExample:\n  gatehouse age client add forum --redirect-uri https://forum.example/auth/age/callback',
    async run(context, args) {
      const uris = args.options['redirectUri'];
      const id = textOption(args, 'id');
      const grade = textOption(args, 'minGrade');
      const api = await context.api();
      const reply = await api.send({
        method: 'POST',
        path: '/v1/age/clients',
        json: {
          service: args.positional[0] ?? '',
          redirectUris: Array.isArray(uris) ? uris : [],
          isPublic: args.options['public'] === true,
          newSecret: args.options['newSecret'] === true,
          ...(id === undefined ? {} : { id }),
          ...(grade === undefined ? {} : { minGrade: Number(grade) }),
        },
      });
      const client = ClientViewSchema.parse(reply.body);
      print(context, client, () => [
        `Client ${client.id} may ask for ages in the name of ${client.service}; codes go to ${client.redirectUris.join(', ')}.`,
        ...(client.clientSecret === undefined ? [] : [`Secret, shown this once: ${client.clientSecret}`]),
      ]);
      return EXIT.ok;
    },
  },
  {
    name: 'age client list',
    summary: 'list the OpenID clients',
    async run(context) {
      const api = await context.api();
      const { clients } = ListSchema.parse((await api.send({ method: 'GET', path: '/v1/age/clients' })).body);
      const rows = clients.map(({ id, service, redirectUris, isPublic, minGrade }) => [
        id,
        service,
        isPublic ? 'public' : 'secret',
        String(minGrade),
        redirectUris.join(','),
      ]);
      print(context, clients, () =>
        clients.length === 0
          ? ['There are no clients. Register one with `gatehouse age client add`.']
          : formatTable([['ID', 'SERVICE', 'KIND', 'GRADE', 'REDIRECT URIS'], ...rows]),
      );
      return EXIT.ok;
    },
  },
  {
    name: 'age client remove',
    summary: 'remove an OpenID client; its requests under way end',
    arguments: [{ name: '<id>', about: 'the id from `gatehouse age client list`' }],
    async run(context, args) {
      const id = args.positional[0] ?? '';
      const api = await context.api();
      await api.send({ method: 'DELETE', path: `/v1/age/clients/${encodeURIComponent(id)}` });
      print(context, { id, state: 'removed' }, () => [`Client ${id} is removed.`]);
      return EXIT.ok;
    },
  },
];
