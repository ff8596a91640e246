/** A client of HMA as services have one, in Python with requests, which knows a base URL and a header: what it publishes and what it does not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openExampleScene, requireProgram, type ExampleScene } from '../support/example-scene.ts';

/** Hash first and ask about the hash, as with HMA's separate roles; then the file at once. Anything but 200 raises. */
const CLIENT = `
import os, sys, requests
base, http = os.environ["HMA"], requests.Session()
http.headers["Authorization"] = "Bearer " + os.environ["KEY"]
http.trust_env = False

def ask(method, path, **more):
    answer = http.request(method, base + path, timeout=30, **more)
    answer.raise_for_status()
    return answer.json()

def by_hash(path):
    with open(path, "rb") as file:
        hashes = ask("POST", "/h/hash", files={"photo": file})
    found = {}
    for signal_type, signal in hashes.items():
        found.update(ask("GET", "/m/lookup", params={"signal": signal, "signal_type": signal_type}))
        raw = ask("GET", "/m/raw_lookup", params={"signal": signal, "signal_type": signal_type, "include_distance": True})
        assert len(raw["matches"]) == sum(len(matches) for matches in found.values())
    return found

def by_file(path):
    with open(path, "rb") as file:
        return {bank: m for matched in ask("POST", "/m/lookup", files={"photo": file}).values() for bank, m in matched.items()}

assert http.get(base + "/status").text == "I-AM-ALIVE"
try:
    print(",".join((by_hash if sys.argv[1] == "hash" else by_file)(sys.argv[2])) or "published")
except requests.HTTPError as error:
    print(error.response.status_code, error.response.json()["message"])
`;

let scene: ExampleScene;
let key: string;
beforeAll(async () => {
  requireProgram('python3');
  scene = await openExampleScene({ config: { hmaApi: true } });
  key = await scene.createKey(['scan', 'match']);
  await writeFile(join(scene.dir, 'client.py'), CLIENT);
});
afterAll(() => scene.close());

const run = async (how: 'hash' | 'file', path: string): Promise<string> => {
  const env = { ...process.env, HMA: `${scene.app.url}/hma`, KEY: key };
  const child = spawn('python3', [join(scene.dir, 'client.py'), how, path], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  await once(child, 'close');
  return text.trim();
};

describe('a client in Python', () => {
  it('publishes what no list holds, whichever way it asks', async () => {
    expect(await run('hash', scene.clear.path)).toBe('published');
    expect(await run('file', scene.clear.path)).toBe('published');
  });

  it('is told the bank of what a list holds', async () => {
    // The list holds its SHA-256: only who sends the file can learn it.
    expect(await run('file', scene.listed.path)).toBe('EXAMPLES');
    const [list] = await scene.app.app.services.lists.list();
    const form = new FormData();
    form.append('photo', new Blob([Uint8Array.from(scene.listed.bytes)]), 'a.jpg');
    const { pdq } = (await (await scene.app.call('/hma/h/hash', { method: 'POST', body: form })).json()) as { pdq: string };
    await scene.app.app.services.lists.addEntries(list?.id ?? '', [{ type: 'pdq', value: pdq }], 'test');
    expect(await run('hash', scene.listed.path)).toBe('EXAMPLES');
    expect(await run('file', scene.listed.path)).toBe('EXAMPLES');
  });

  it('fails, and does not publish, what cannot be compared', async () => {
    const path = join(scene.dir, 'words.txt');
    await writeFile(path, 'no picture at all');
    expect(await run('hash', path)).toMatch(/^400 the file could not be hashed/);
    expect(await run('file', path)).toMatch(/^400 the file could not be compared/);
    await writeFile(path, scene.clear.bytes.subarray(0, 3_000));
    expect(await run('file', path)).toMatch(/^400 /);
    const [list] = await scene.app.app.services.lists.list();
    await scene.app.app.services.lists.disable(list?.id ?? '', 'test');
    expect(await run('file', scene.clear.path).catch(String)).toMatch(/^503 /);
    await scene.app.app.services.lists.enable(list?.id ?? '', 'test');
  });
});
