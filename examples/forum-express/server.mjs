/** Starts the forum with what the environment says. See README.md for each name. */
import { createServer } from 'node:http';
import { bundleScripts } from './bundle.mjs';
import { createForum } from './forum.mjs';
import { openPosts } from './posts.mjs';

const { PORT = '3000', FORUM_URL = `http://127.0.0.1:${PORT}`, FORUM_DIR = 'forum-data' } = process.env;
const { GATEHOUSE_URL = 'http://127.0.0.1:8080', GATEHOUSE_PUBLIC_URL = GATEHOUSE_URL, GATEHOUSE_KEY, GATEHOUSE_CALLBACK_SECRET } = process.env;

// Without them nothing could be published, and nothing be taken down.
const lacks = Object.entries({ GATEHOUSE_KEY: 'gh_', GATEHOUSE_CALLBACK_SECRET: 'whsec_' }).filter(([name, start]) => !process.env[name]?.startsWith(start));
if (lacks.length > 0) {
  console.error(lacks.map(([name, start]) => `${name} is not set, or does not begin with ${start}. See README.md. The forum was not started.`).join('\n'));
  process.exit(1);
}

const forum = createForum({
  gatehouseUrl: GATEHOUSE_URL,
  gatehousePublicUrl: GATEHOUSE_PUBLIC_URL,
  apiKey: GATEHOUSE_KEY,
  callbackSecret: GATEHOUSE_CALLBACK_SECRET,
  siteUrl: FORUM_URL,
  posts: openPosts(FORUM_DIR),
  scripts: await bundleScripts(),
});
createServer(forum).listen(Number(PORT), '127.0.0.1', () => console.log(`The forum is open: ${FORUM_URL}`));
