// Photographs the pages with real data, light and dark, wide and narrow, into
// .tools/screenshots; what the documentation shows goes to docs/img.
import { mkdirSync } from 'node:fs';
import { launch, serve } from './harness.mjs';

const views = [
  { name: 'console-overview', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/overview', ready: '.tile', keep: '1280-light' },
  { name: 'console-operations', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/operations', ready: '[role=listbox] .item', open: '[role=listbox] .item:has-text("uncertain")', keep: '1280-light' },
  { name: 'console-dead', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/dead', ready: 'tbody tr' },
  { name: 'dashboard-operations', program: ['erpmock', '--listen', '127.0.0.1:0', '--exec-time', '1s..3s', '--quiet'], path: '__mock/', hash: '#/operations', prepare: busy, ready: '[role=listbox] .item', open: '[role=listbox] .item:has-text("POST")', keep: '1280-dark' },
  { name: 'dashboard-faults', program: ['erpmock', '--listen', '127.0.0.1:0', '--quiet'], path: '__mock/', hash: '#/faults', prepare: busy, ready: '.sheet' },
];

/** Has the mock something to show. */
async function busy(url) {
  const queue = (path, how = {}) => fetch(new URL(path, url), { ...how, headers: { 'erp-api-background': 'none', 'Content-Type': 'application/json', ...how.headers } });
  const rule = { name: 'a busy ERP', on: 'state', every: 3, do: { status: 429, retryAfter: '2s' } };
  await fetch(new URL('__mock/v1/faults', url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ rules: [rule] }) });
  const invoice = { customerNumber: { value: '10000' }, documentDate: { value: '2026-06-01T00:00:00' }, invoiceLines: [{ operation: 'Insert', description: { value: 'Coffee' }, quantity: { value: 2 }, unitPriceInCurrency: { value: 100 } }] };
  await queue('v1/customerinvoice', { method: 'POST', body: JSON.stringify(invoice), headers: { 'erp-api-background': new URL('hook', url).href } });
  for (let n = 1; n < 12; n++) await queue(`v1/customerinvoice/${String(3500 + n).padStart(6, '0')}`);
}

mkdirSync('.tools/screenshots', { recursive: true });
const browser = await launch();
for (const view of views) {
  const server = await serve(...view.program);
  await view.prepare?.(server.url);
  await new Promise((done) => setTimeout(done, 4000)); // what happens at the beginning has happened
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 400]) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      await page.goto(server.url.replace(/\/?$/, '/') + (view.path ?? '') + view.hash);
      await page.waitForSelector(view.ready);
      if (view.open) {
        await page.click(view.open);
        await page.waitForSelector('ol.timeline');
        if (width === 400) await page.locator('ol.timeline').scrollIntoViewIfNeeded();
      }
      await page.waitForTimeout(300);
      const as = `${width}-${colorScheme}`;
      await page.screenshot({ path: `.tools/screenshots/${view.name}-${as}.png` });
      if (view.keep === as) await page.screenshot({ path: `docs/img/${view.name}.png` });
      await page.close();
    }
  }
  await server.kill();
}
await browser.close();
