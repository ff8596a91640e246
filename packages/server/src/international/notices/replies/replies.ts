/** Everything about replies, from the settings. */
import type { AppContext } from '../../../platform/context.ts';
import { toEnvName } from '../../../platform/config.ts';
import { GatehouseError } from '../../../platform/errors.ts';
import { readAuthority, readMailServer } from '../senders/mail-server.ts';
import { pollMailbox, type MailboxOptions } from './mailbox.ts';
import { matchReply } from './match.ts';
import { parseReply } from './parse.ts';
import type { Replies } from './schema.ts';

/** @throws {GatehouseError} `config_invalid` */
export async function createReplies({ config, outbound }: Pick<AppContext, 'config' | 'outbound'>): Promise<Replies> {
  const { noticesImapUrl, noticesImapUser: user, noticesImapPassword: password } = config;
  if (noticesImapUrl === undefined) return { parse: parseReply, match: matchReply, poll: null };
  if (user === undefined || password === undefined)
    throw new GatehouseError(
      'config_invalid',
      `A mailbox needs ${toEnvName('noticesImapUser')} and ${toEnvName('noticesImapPassword')}; one of them is missing.`,
    );
  if (config.noticesImapFolder === config.noticesImapDoneFolder)
    throw new GatehouseError(
      'config_invalid',
      `${toEnvName('noticesImapFolder')} and ${toEnvName('noticesImapDoneFolder')} are the same folder: replies would be taken again and again.`,
    );
  const options: MailboxOptions = {
    server: readMailServer(noticesImapUrl),
    outbound,
    user,
    password,
    folder: config.noticesImapFolder,
    doneFolder: config.noticesImapDoneFolder,
    ca: await readAuthority(config.noticesMailCaFile),
  };
  return { parse: parseReply, match: matchReply, poll: (receive, signal) => pollMailbox(options, receive, signal) };
}
