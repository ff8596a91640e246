import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { internationalDomain } from '../../src/international/index.ts';
import { startTestApp } from '../support/app.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { bootstrapFile, rdapEntity, startRdapServer } from '../support/rdap-server.ts';
import { launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, signIn, watchFaults } from './browser.ts';

vi.mock('../../src/domains.ts', async (original) => {
  const { domains } = await original<{ domains: unknown[] }>();
  const own = (await import('../../src/international/index.ts')).internationalDomain;
  return { domains: domains.includes(own) ? domains : [...domains.slice(0, -1), own, domains.at(-1)] };
});

it('shows', async () => {
  void internationalDomain;
  const registry = await startRdapServer();
  const dns = await startDnsServer({ 'www.example.org': { cname: 'host.example.net' }, 'host.example.net': { a: ['1.1.1.1'] } });
  const dir = await mkdtemp(join(tmpdir(), 'geo-'));
  const file = async (name: string, text: string): Promise<string> => (await writeFile(join(dir, name), text), join(dir, name));
  const geoFiles = [
    await file('country-a-2026-11.csv', '1.1.1.0/24,AU\n'),
    await file('country-b-2026-10-01.csv', '1.1.1.0/24,US\n'),
    await file('asn-2026-11.csv', '1.1.1.0,1.1.1.255,64496,Example Hosting with a long name Ltd\n'),
    await file('rdap.json', bootstrapFile([[['1.0.0.0/8'], [registry.base]], [['org'], [registry.base]]])),
  ];
  registry.replies.set('ip/1.1.1.1', { body: { objectClassName: 'ip network', name: 'EXAMPLE-NET', country: 'AU', startAddress: '1.1.1.0', endAddress: '1.1.1.255', entities: [rdapEntity(['abuse'], { fn: 'Abuse desk', email: 'abuse@network.example' })] } });
  registry.replies.set('domain/example.org', { body: { objectClassName: 'domain', ldhName: 'example.org', entities: [rdapEntity(['registrar'], { fn: 'Example Registrar' }, [rdapEntity(['abuse'], { fn: 'x', email: 'abuse@registrar.example' })])] } });
  const app = await startTestApp({ config: { geoFiles, outboundAllow: [registry.host], hostingResolvers: [dns.address] } });
  const browser = await launchBrowser();
  try {
    const cookies = await signIn(browser, app);
    for (const [width, scheme] of [[1280, 'light'], [320, 'dark']] as const) {
      const context = await openContext(browser, { width, scheme, cookies, hasJavaScript: true });
      const page = await context.newPage();
      const faults = watchFaults(page);
      await page.goto(`${app.url}/console/international/hosting`);
      await saveScreenshot(page, `hosting-empty-${width}`);
      expect(await runAxe(page)).toEqual([]);
      await page.getByLabel('URL, name, address or number').fill('https://www.example.org/very/secret');
      await page.getByRole('button', { name: 'Ask' }).click();
      await page.getByRole('heading', { level: 1, name: 'www.example.org' }).waitFor();
      expect(page.url()).toBe(`${app.url}/console/international/hosting`);
      await page.getByText('Datasets in use').first().click();
      await saveScreenshot(page, `hosting-claim-${width}`);
      expect(await runAxe(page)).toEqual([]);
      expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
      await context.close();
    }
  } finally {
    await browser.close();
    await app.stop();
    await registry.close();
    await dns.close();
  }
}, 120_000);
