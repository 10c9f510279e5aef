// The operators' page in a browser, over examples/console.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, launch, scrolls, serve, tab, until } from './harness.mjs';

let browser, server;
before(async () => {
  browser = await launch();
  server = await serve('console', '-listen', '127.0.0.1:0');
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

const list = '[role=listbox] .item';
const open = async (page, hash) => {
  await page.goto(server.url + hash);
  await page.waitForSelector('.top');
};

for (const colorScheme of ['light', 'dark']) {
  test(`every place is accessible, ${colorScheme}`, async (t) => {
    const page = await tab(browser, t, { colorScheme });
    await open(page, '#/overview');
    await page.waitForSelector('.tile');
    await accessible(page, 'overview');
    await open(page, '#/operations?group=person');
    await page.waitForSelector(list);
    await page.click(list);
    await page.waitForSelector('ol.timeline');
    await accessible(page, 'one operation');
    await page.click('text=Not accepted');
    await page.waitForSelector('dialog[open]');
    await accessible(page, 'a dialog');
    await page.keyboard.press('Escape');
    for (const place of ['dead', 'sequences']) {
      await open(page, '#/' + place);
      await page.waitForSelector('table, .empty');
      await accessible(page, place);
    }
  });
}

test('filters stand in the address, and are what the list shows', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/operations');
  await page.waitForSelector(list);
  await page.fill('input[type=search]', 'action/release');
  await until(page, 'only releases', () => [...document.querySelectorAll('[role=listbox] .item')].length > 0 && [...document.querySelectorAll('[role=listbox] .item')].every((e) => e.textContent.includes('release')));
  assert.match(page.url(), /text=action%2Frelease/);
  await page.selectOption('#phase', 'uncertain');
  await until(page, 'only uncertain ones', () => [...document.querySelectorAll('[role=listbox] .item')].every((e) => e.textContent.includes('uncertain')));
  const again = await tab(browser, t);
  await again.goto(page.url());
  await until(again, 'the same in another tab', () => document.querySelectorAll('[role=listbox] .item').length > 0 && document.querySelector('input[type=search]').value === 'action/release' && document.querySelector('#phase').value === 'uncertain');
  await page.fill('input[type=search]', 'there is no such thing');
  await page.waitForSelector('text=No operation fits these filters');
  await page.click('text=Show all');
  await page.waitForSelector(list);
});

test('the keyboard is enough', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/overview');
  await page.keyboard.press('2');
  await page.waitForSelector(list);
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  await page.keyboard.press('Escape');
  await page.focus('[role=listbox]');
  await page.keyboard.press('Home');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector('ol.timeline');
  const second = await page.locator(list).nth(1).getAttribute('aria-selected');
  assert.equal(second, 'true', 'the second row is open');
  await page.keyboard.press('Escape');
  await until(page, 'it is closed', () => !document.querySelector('ol.timeline'));
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[open] kbd');
  await page.keyboard.press('Escape');
  await until(page, 'the help is closed', () => !document.querySelector('dialog[open]'));
});

test('what is new is shown, in every tab', async (t) => {
  const tabs = [await tab(browser, t), await tab(browser, t)];
  for (const page of tabs) {
    await open(page, '#/operations');
    await page.waitForSelector(list);
    await page.waitForSelector('.live:text("Live")');
  }
  const key = 'fresh-' + Date.now();
  const seen = tabs.map((page) => until(page, 'the new one', (k) => [...document.querySelectorAll('[role=listbox] .item')].some((e) => e.textContent.includes(k)), key));
  await fetch(new URL('/orders/' + key, server.url), { method: 'POST' });
  t.diagnostic(`shown after ${(await Promise.all(seen)).join(' and ')} ms (goal 500)`);

  // A pause stops that, and going on catches up.
  const page = tabs[0];
  await page.click('text=Pause');
  await page.waitForSelector('.live:text("Paused")');
  const later = 'later-' + Date.now();
  await fetch(new URL('/orders/' + later, server.url), { method: 'POST' });
  await until(tabs[1], 'it in the other tab', (k) => document.body.textContent.includes(k), later);
  assert.ok(!(await page.textContent('body')).includes(later), 'a page that is paused shows nothing new');
  await page.click('text=Go on');
  await until(page, 'it after the pause', (k) => document.body.textContent.includes(k), later);
});

test('an uncertain operation is resolved', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/operations?phase=uncertain');
  await page.waitForSelector(list);
  await page.click(list);
  await page.click('text=It ended with');
  await page.fill('dialog input[placeholder*="customerinvoice"]', '/v1/customerinvoice/003541');
  await page.evaluate(() => document.querySelector('dialog form').setAttribute('novalidate', ''));
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('dialog [role=alert]:has-text("Say why")');
  await page.fill('dialog input[name=reason]', 'found by its number');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('.toast');
  await page.waitForSelector('ol.timeline >> text=ended with 201');
  await page.waitForSelector('ol.timeline >> text=found by its number');
});

test('answers are hidden until somebody asks, and stay text', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/operations?text=order-4703');
  await page.waitForSelector(list);
  await page.click(list);
  await page.waitForSelector('ol.timeline');
  assert.equal(await page.locator('.json').count(), 0);
  await page.click('text=Show the answer');
  await page.waitForSelector('.json');
  assert.match(await page.textContent('.json'), /referenceNumber/);
  await page.click('text=Hide the answer');
  await until(page, 'it is hidden', () => !document.querySelector('.json'));
  assert.match(await page.textContent('dl.facts'), /<i>web shop<\/i>/);
  await open(page, '#/dead');
  await page.waitForSelector('table');
  assert.match(await page.textContent('table'), /<b>no such account<\/b>/);
  assert.notEqual(await page.title(), 'owned');
  assert.equal(await page.evaluate(() => document.querySelectorAll('main script, main b:empty, main i').length), 0);
});

test('dead letters are replayed in bulk, counted first', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/dead');
  await page.waitForSelector('table tbody tr');
  await page.fill('input[type=search]', 'no such reason');
  await page.waitForSelector('text=No dead letter fits these filters');
  await page.fill('input[type=search]', 'LEDGER');
  await page.waitForSelector('table tbody tr');
  await page.click('header button:has-text("Replay")');
  await page.waitForSelector('dialog >> text=/Replay \\d+ dead letters/');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('.toast:has-text("replayed")');
});

test('sequences that have stopped lead to where they stopped', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/sequences');
  await page.waitForSelector('text=subscriptions of Nordlys');
  await page.waitForSelector('text=stopped');
  await page.click('table a');
  await page.waitForSelector('text=Skip in its sequence');
});

test('a server that went away is told of, and found again', async (t) => {
  const own = await serve('console', '-listen', '127.0.0.1:0');
  const port = new URL(own.url).port;
  const page = await tab(browser, t);
  await page.goto(own.url + '#/operations');
  await page.waitForSelector('.live:text("Live")');
  page.expectLost = true;
  await own.kill();
  await page.waitForSelector('.live.lost');
  const back = await serve('console', '-listen', '127.0.0.1:' + port);
  await page.waitForSelector('.live:text("Live")', { timeout: 30000 });
  await page.waitForSelector(list);
  await back.kill();
});

test('ten thousand operations', async (t) => {
  const many = await serve('console', '-listen', '127.0.0.1:0', '-operations', '10000');
  const page = await tab(browser, t);
  t.after(() => many.kill()); // once the tab is closed: hooks run in the order in which they were given
  const total = () => fetch(new URL('api/overview', many.url)).then((r) => r.json());
  for (let n = 0; n < 600 && (await total()).stats.Budget.Calls.Submit < 10000; n++) await new Promise((done) => setTimeout(done, 100));
  await page.goto(many.url + '#/operations?kind=bulk');
  await page.waitForSelector(list);
  await scrolls(page, t, 3000);
});

test('small screens', async (t) => {
  const page = await tab(browser, t, { viewport: { width: 400, height: 800 } });
  for (const place of ['overview', 'operations', 'dead', 'sequences']) {
    await open(page, '#/' + place);
    await page.waitForSelector('.sheet');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${place} is ${over} pixels wider than the screen`);
  }
});
