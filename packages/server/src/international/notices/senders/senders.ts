/** The sender that the settings name. */
import type { AppContext } from '../../../platform/context.ts';
import { toEnvName } from '../../../platform/config.ts';
import { GatehouseError } from '../../../platform/errors.ts';
import { createHttpSender } from './http.ts';
import { readAuthority, readMailServer } from './mail-server.ts';
import type { Sender } from './schema.ts';
import { createSmtpSender } from './smtp.ts';

/**
 * @param from the contact address of the declared authority: the sender of the envelope
 * @returns null when nothing is set: notices are drafted and handed over
 * @throws {GatehouseError} `config_invalid`
 */
export async function createSender({ config, outbound }: Pick<AppContext, 'config' | 'outbound'>, from: string): Promise<Sender | null> {
  const { noticesSmtpUrl, noticesSmtpUser, noticesSmtpPassword, noticesApiUrl, noticesApiToken } = config;
  if (noticesSmtpUrl !== undefined && noticesApiUrl !== undefined)
    throw new GatehouseError(
      'config_invalid',
      `${toEnvName('noticesSmtpUrl')} and ${toEnvName('noticesApiUrl')} are both set: one notice would have two ways. Set one.`,
    );
  if (noticesApiUrl !== undefined) return createHttpSender({ url: noticesApiUrl, token: noticesApiToken, outbound, from });
  if (noticesSmtpUrl === undefined) return null;
  const credentials = readCredentials(noticesSmtpUser, noticesSmtpPassword);
  return createSmtpSender({ server: readMailServer(noticesSmtpUrl), outbound, credentials, from, ca: await readAuthority(config.noticesMailCaFile) });
}

function readCredentials(user: string | undefined, password: string | undefined): { readonly user: string; readonly password: string } | undefined {
  if (user === undefined && password === undefined) return undefined;
  if (user === undefined || password === undefined)
    throw new GatehouseError(
      'config_invalid',
      `${toEnvName('noticesSmtpUser')} and ${toEnvName('noticesSmtpPassword')} belong together; one of them is missing.`,
    );
  return { user, password };
}
