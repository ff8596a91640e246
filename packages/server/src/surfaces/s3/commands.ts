/** The store, on the command line. */
import { EXIT, formatTable, print, type CommandDefinition } from '../../platform/cli/command.ts';
import { OBJECT_STATES, S3ReconciledSchema, S3ReviewSchema, S3StatusSchema } from './schema.ts';

export const commands: readonly CommandDefinition[] = [
  {
    name: 's3 status',
    summary: 'show how many objects of the quarantine bucket are where',
    async run(context) {
      const api = await context.api();
      const status = S3StatusSchema.parse((await api.send({ method: 'GET', path: '/v1/s3' })).body);
      print(context, status, () =>
        status.isOn
          ? formatTable([
              ['Store', status.endpoint ?? ''],
              ['Buckets', `${status.quarantineBucket ?? ''} -> ${status.releasedBucket ?? ''}`],
              ...OBJECT_STATES.map((state) => [state, String(status.objects[state])]),
              ['failing', String(status.failing)],
              ['Oldest that waits', status.oldestWaitingAt ?? 'none'],
              ['Last listed', status.lastListedAt ?? 'never'],
              ['Fault of the last listing', status.lastListingFault ?? 'none'],
            ])
          : ['No store is configured (GATEHOUSE_S3_ENDPOINT).'],
      );
      return EXIT.ok;
    },
  },
  {
    name: 's3 reconcile',
    summary: 'list the quarantine bucket now, and take what no event told about',
    async run(context) {
      const api = await context.api();
      const found = S3ReconciledSchema.parse((await api.send({ method: 'POST', path: '/v1/s3/reconcile' })).body);
      print(context, found, () => [`${found.listed} versions are in the quarantine bucket; ${found.found} of them were not known.`]);
      return EXIT.ok;
    },
  },
  {
    name: 's3 check',
    summary: 'check credentials, buckets, versions, and that strangers get nothing',
    help: 'Ends with 1 when something is wrong.',
    async run(context) {
      const api = await context.api();
      const review = S3ReviewSchema.parse((await api.send({ method: 'GET', path: '/v1/s3/check' })).body);
      print(context, review, () =>
        review.items.flatMap(({ name, status, finding, remedy }) => [
          `${status.padEnd(9)} ${name}: ${finding}`,
          ...(remedy === undefined ? [] : [`          ${remedy}`]),
        ]),
      );
      return review.items.every(({ status }) => status !== 'fail') ? EXIT.ok : 1;
    },
  },
];
