// What can be done on the mock's dashboard, and how it bears many operations.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { launch, scrolls, serve, tab, until } from './harness.mjs';

let browser, server;
const list = '[role=listbox] .item';
const invoice = { customerNumber: { value: '10045' }, documentDate: { value: '2026-09-01' }, note: { value: '<script>document.title="owned"</script>' }, invoiceLines: [{ operation: 'Insert', inventoryNumber: { value: 'SYK-01' }, quantity: { value: 2 } }] };
const ask = (path, how = {}) => fetch(new URL(path, server.url), { ...how, headers: { 'Content-Type': 'application/json', ...how.headers }, body: how.body && JSON.stringify(how.body) });
const submit = (header = 'none', url = server.url) => fetch(new URL('/v2/customerinvoice', url), { method: 'POST', body: JSON.stringify(invoice), headers: { 'Content-Type': 'application/json', 'erp-api-background': header } }).then((r) => r.json());
const open = async (page, hash) => {
  await page.goto(new URL('__mock/', server.url).href + hash);
  await page.waitForSelector('.strip');
};

before(async () => {
  browser = await launch();
  server = await serve('erpmock', 'serve', '--listen', '127.0.0.1:0', '--quiet', '--exec-time', '50ms', '--subscription-url', 'http://127.0.0.1:9/hook', '--spec', 'examples/anyoperation/erp.json');
  await ask('/__mock/v1/faults', { method: 'POST', body: { rules: [{ on: 'notification', name: '<img src=x onerror=alert(1)>', times: 1, do: { drop: true } }] } });
  for (let n = 0; n < 6; n++) await submit(n % 2 ? 'none' : 'subscription:order=<b>' + n + '</b>');
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

test('an operation: bodies when asked, text stays text', async (t) => {
  const page = await tab(browser, t);
  const { id } = await submit('subscription');
  await open(page, '#/operations/' + id);
  await page.waitForSelector('ol.timeline >> text=Executed and stored');
  assert.equal(await page.locator('.json').count(), 0);
  await page.click('text=Show its body');
  await page.waitForSelector('.json >> text=<script>');
  await page.click('text=Show the answer');
  await until(page, 'the answer', () => document.querySelectorAll('.json').length === 2);
  assert.match(await page.locator('.json').nth(1).textContent(), /201/);
  assert.notEqual(await page.title(), 'owned');
  await page.click('text=End its retention');
  await page.waitForSelector('[aria-label=Operation] .state:has-text("expired")');
});

test('deliveries are held, edited and let go', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/deliveries');
  await page.click('button:has-text("Hold notifications")');
  await page.waitForSelector('button:has-text("Holding notifications")');
  const { id } = await submit('subscription');
  await page.waitForSelector('[role=listbox] >> text=held');
  await page.click(list);
  await page.waitForSelector('ol.timeline');
  assert.ok(page.url().includes(id));
  await page.click('text=Edit…');
  await page.fill('dialog textarea >> nth=0', '{"edited":true}');
  await page.click('dialog button[type=submit]');
  await until(page, 'it is closed', () => !document.querySelector('dialog'));
  await page.waitForSelector('text=15 B'); // of the new body
  await page.click('text=Show the notification');
  await page.waitForSelector('.json >> text=edited');
  await page.click('text=Let it go');
  await page.waitForSelector('table >> text=Notification not taken');
  page.expectLost = true; // a refusal, which the browser tells of too
  await page.click('text=Redeliver');
  await page.waitForSelector('.toast.bad');
  await open(page, '#/deliveries');
  await page.click('button:has-text("Holding notifications")');
  await page.waitForSelector('button:has-text("Hold notifications")');
});

test('faults are added, hit, turned off and on', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/faults');
  await page.fill('label:has-text("Name") input', 'unavailable');
  await page.fill('label:has-text("Times") input', '1');
  await page.click('text=Add the rule');
  await page.waitForSelector('td:has-text("unavailable")');
  const resp = await ask('/v2/customerinvoice', { method: 'POST', body: invoice, headers: { 'erp-api-background': 'none' } });
  assert.equal(resp.status, 503);
  await page.waitForSelector('td:has-text("unavailable, match 1")');
  const row = page.locator('tr', { has: page.locator('text=/^unavailable$/') });
  await row.locator('text=Turn off').click();
  await row.locator('text=Turn on').click();
  await row.locator('text=Turn off').click();
  await row.locator('text=Turn on').waitFor();
  assert.match(await page.textContent('table'), /<img src=x onerror/);
});

test('journal: search and save', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/journal?text=onerror');
  await page.waitForSelector(list);
  await page.fill('input[type=search]', 'no such thing at all');
  await page.waitForSelector('text=Nothing of that kind happened');
  await page.click('text=Save what just happened');
  for (const [name, want] of [['Scenario', 'steps:'], ['Go test', 'package '], ['curl', 'curl ']]) {
    await page.click(`dialog button:text-is("${name}")`);
    await page.waitForSelector(`dialog pre:has-text("${want}")`);
  }
});

test('scenarios, contract, a call', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/scenarios');
  await page.click('[aria-label="Run happy"]');
  await page.waitForSelector('text=passed');
  await open(page, '#/contract');
  await page.click(list);
  await page.waitForSelector('text=Send');
  await page.click('text=Make an invoice');
  await page.click('text=Send');
  await page.click('[aria-label=Answer] a');
  await page.waitForSelector('ol.timeline');
});

test('a reset is seen', async (t) => {
  const page = await tab(browser, t);
  await open(page, '#/operations');
  await page.waitForSelector(list);
  await page.click('text=Reset…');
  await page.click('dialog button[type=submit]');
  await page.waitForSelector('text=Nothing was called in the background yet');
});

test('ten thousand operations', async (t) => {
  const many = await serve('erpmock', 'serve', '--listen', '127.0.0.1:0', '--quiet', '--exec-time', '1ms', '--workers', '64', '--rate-limit', '100000');
  const page = await tab(browser, t);
  t.after(() => many.kill()); // once the tab is closed: hooks run in the order in which they were given
  for (let n = 0; n < 100; n++) await Promise.all(Array.from({ length: 100 }, () => submit('none', many.url)));
  await page.goto(new URL('__mock/', many.url).href);
  await until(page, 'all', () => document.querySelector('[role=listbox] .item')?.getAttribute('aria-setsize') === '10000');
  await scrolls(page, t, 800);
});
