/** What the files of the room share, when a store is configured. */
import type { IntakeService } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { AppContext } from '../../platform/domain.ts';
import { takeNodeName } from '../../platform/node-name.ts';
import type { SurfaceParts } from '../room.ts';
import { createClient, type S3Client } from './client.ts';
import type { Credentials } from './signature.ts';

export interface S3Places {
  readonly endpoint: string;
  readonly publicEndpoint: string;
  readonly quarantine: string;
  readonly released: string;
  readonly prefix: string;
  readonly maxBytes: number;
}

export interface S3Parts {
  readonly context: AppContext;
  readonly intake: IntakeService;
  readonly client: S3Client;
  readonly credentials: Credentials;
  readonly places: S3Places;
  readonly node: string;
  count(outcome: S3Outcome): void;
}

export type S3Outcome = 'promoted' | 'withdrawn' | 'kept' | 'rejected' | 'gone' | 'failed';

/** @returns undefined when no store is configured. @throws {GatehouseError} config_invalid */
export async function createS3Parts({ context, intake }: SurfaceParts): Promise<S3Parts | undefined> {
  const { config, clock, metrics, outbound } = context;
  const { s3Endpoint: endpoint } = config;
  if (endpoint === undefined) return undefined;
  const quarantine = requireSetting(config.s3QuarantineBucket, 'GATEHOUSE_S3_QUARANTINE_BUCKET');
  const released = requireSetting(config.s3ReleasedBucket, 'GATEHOUSE_S3_RELEASED_BUCKET');
  if (quarantine === released)
    throw new GatehouseError('config_invalid', 'GATEHOUSE_S3_QUARANTINE_BUCKET and GATEHOUSE_S3_RELEASED_BUCKET name one bucket. They must be two.');
  const credentials = {
    accessKeyId: requireSetting(config.s3AccessKeyId, 'GATEHOUSE_S3_ACCESS_KEY_ID'),
    secretAccessKey: requireSetting(config.s3SecretAccessKey, 'GATEHOUSE_S3_SECRET_ACCESS_KEY'),
    region: config.s3Region,
  };
  const counter = metrics.counter({ name: 'gatehouse_s3_objects_total', help: 'What became of objects of the quarantine bucket.', labels: ['outcome'] });
  return {
    context,
    intake,
    client: createClient({ endpoint, isPathStyle: config.s3PathStyle, credentials, clock, outbound }),
    credentials,
    places: {
      endpoint,
      publicEndpoint: config.s3PublicEndpoint ?? endpoint,
      quarantine,
      released,
      prefix: config.s3KeyPrefix,
      maxBytes: Math.min(config.s3MaxObjectBytes ?? config.maxUploadBytes, config.maxUploadBytes),
    },
    node: await takeNodeName(config),
    count: (outcome) => counter.add({ outcome }),
  };
}

function requireSetting(value: string | undefined, name: string): string {
  if (value === undefined) throw new GatehouseError('config_invalid', `GATEHOUSE_S3_ENDPOINT is set and ${name} is not. Set both, or neither.`);
  return value;
}
