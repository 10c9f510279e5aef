// The mock's page in a browser, over erpmock.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, launch, serve, tab, until } from './harness.mjs';

let browser, mock, root;
const start = (...more) => serve('erpmock', '--listen', '127.0.0.1:0', '--exec-time', '20ms', '--quiet', ...more);
const queue = (path, how = {}) => fetch(root + path, { ...how, headers: { 'erp-api-background': 'none', 'Content-Type': 'application/json', ...how.headers } });

before(async () => {
  browser = await launch();
  mock = await start();
  root = mock.url.replace(/\/$/, '');
  for (let n = 0; n < 5; n++) await queue(`/v1/customerinvoice/00350${n + 1}`);
  await queue('/v1/customerinvoice', { method: 'POST', body: '{"note":{"value":"<script>document.title=1</script>"}}', headers: { 'erp-api-background': 'http://127.0.0.1:1/hook', 'X-Note': '<b>bold</b>' } });
  await fetch(root + '/__mock/v1/faults', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ rules: [{ name: '<i>rule</i>', on: 'state', times: 1, do: { status: 503 } }] }) });
});
after(async () => {
  await browser?.close();
  await mock?.kill();
});

const list = '[role=listbox] .item';
const open = async (page, hash) => {
  await page.goto(root + '/__mock/' + hash);
  await page.waitForSelector('.top');
};
const places = ['operations', 'deliveries', 'faults', 'journal', 'contract', 'scenarios', 'try'];

for (const colorScheme of ['light', 'dark']) {
  test(`every place is accessible, ${colorScheme}`, async (t) => {
    const page = await tab(browser, t, { colorScheme });
    for (const place of places) {
      await open(page, '#/' + place);
      await page.waitForSelector('.sheet');
      await page.waitForTimeout(300);
      await accessible(page, place);
    }
    await open(page, '#/operations');
    await page.click(list + ':has-text("POST")');
    await page.waitForSelector('ol.timeline');
    await accessible(page, 'one operation');
  });
}

test('small screens', async (t) => {
  const page = await tab(browser, t, { viewport: { width: 400, height: 800 } });
  for (const place of places) {
    await open(page, '#/' + place);
    await page.waitForSelector('.sheet');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${place} is ${over} pixels wider than the screen`);
  }
});

test('what happens is shown, in every tab, and texts stay texts', async (t) => {
  const tabs = [await tab(browser, t), await tab(browser, t)];
  for (const page of tabs) {
    await open(page, '#/operations');
    await page.waitForSelector(list);
    await page.waitForSelector('.live:text("Live")');
  }
  const seen = tabs.map((page) => until(page, 'the new one', () => document.body.textContent.includes('/v1/customerinvoice/003533')));
  await queue('/v1/customerinvoice/003533');
  t.diagnostic(`shown after ${(await Promise.all(seen)).join(' and ')} ms (goal 500)`);
  const page = tabs[0];
  await page.click(list + ':has-text("POST")');
  await page.waitForSelector('ol.timeline');
  for (const show of await page.locator('button:has-text("Show")').all()) await show.click({ timeout: 500 }).catch(() => undefined); // it may be gone by then
  await until(page, 'the request', () => document.body.textContent.includes('<script>document.title=1</script>'));
  await open(page, '#/faults');
  await until(page, 'the rule', () => document.body.textContent.includes('<i>rule</i>'));
  assert.equal(await page.evaluate(() => document.querySelectorAll('main script, main i').length), 0, 'elements made of texts');
  assert.notEqual(await page.title(), '1');
});

test('the clock is moved, and the queue paused', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/operations');
  await page.click('button:has-text("Freeze")');
  await page.waitForSelector('button:has-text("Run")');
  await page.click('button:has-text("+1 h")');
  await until(page, 'an hour later', () => true);
  await page.click('button:has-text("Run")');
  await page.waitForSelector('button:has-text("Freeze")');
  await page.click('button:has-text("Pause queue")');
  await queue('/v1/customerinvoice/003540');
  await until(page, 'it waits', () => [...document.querySelectorAll('[role=listbox] .item')].some((e) => e.textContent.includes('003540') && e.textContent.includes('queued')));
  await page.click('button:text-is("Resume queue")');
  await until(page, 'it has run', () => [...document.querySelectorAll('[role=listbox] .item')].some((e) => e.textContent.includes('003540') && e.textContent.includes('finished')));
});

test('a call is tried, and what just happened saved', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/try');
  await page.click('button:has-text("Send")');
  await until(page, 'its answer', () => /202|200/.test(document.querySelector('[aria-label=Answer]')?.textContent ?? ''));
  await open(page, '#/journal');
  await page.click('text=Save what just happened');
  await until(page, 'a scenario', () => /steps:/.test(document.querySelector('dialog [aria-label="The file"]')?.textContent ?? ''));
  await page.click('dialog >> text=curl');
  await until(page, 'lines for curl', () => /curl/.test(document.querySelector('dialog [aria-label="The file"]')?.textContent ?? ''));
});

test('a mock that went away is told of, and found again', async (t) => {
  const own = await start();
  const port = new URL(own.url).port;
  const page = await tab(browser, t);
  await page.goto(own.url.replace(/\/$/, '') + '/__mock/#/operations');
  await page.waitForSelector('.live:text("Live")');
  page.expectLost = true;
  await own.kill();
  await page.waitForSelector('.live.lost');
  const back = await serve('erpmock', '--listen', '127.0.0.1:' + port, '--quiet');
  await page.waitForSelector('.live:text("Live")', { timeout: 30000 });
  await back.kill();
});
