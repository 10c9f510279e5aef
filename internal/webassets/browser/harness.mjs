// What the tests of the pages share: a browser, a program that serves a page, and the
// checks that hold everywhere.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import assert from 'node:assert/strict';

const root = resolve(import.meta.dirname, '../../..');
const require = createRequire(resolve(root, '.tools/web/package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Where the browser is: CHROMIUM, or where systems have it. */
export const browserPath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

export async function launch() {
  assert.ok(browserPath, 'no Chromium: on Debian apt-get install chromium, or set CHROMIUM to its path');
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
}

/**
 * Starts a program that prints the address of its page in its first line.
 * @returns {Promise<{url: string, kill: () => Promise<void>}>}
 */
export async function serve(name, ...args) {
  const child = spawn(resolve(root, '.tools/bin', name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (d) => (errors += d));
  const url = await new Promise((done, fail) => {
    let out = '';
    child.stdout.on('data', (d) => {
      out += d;
      const found = /(http:\/\/\S+)/.exec(out);
      if (found && out.includes('\n')) done(found[1]);
    });
    child.on('exit', (code) => fail(new Error(`${name} ended with ${code}: ${errors}`)));
    setTimeout(() => fail(new Error(`${name} printed no address: ${out} ${errors}`)), 20000).unref();
  });
  return {
    url,
    kill: () => new Promise((done) => {
      child.removeAllListeners('exit');
      child.on('exit', () => done());
      child.kill('SIGKILL');
    }),
  };
}

/** A tab that fails the test if the page complains or loads anything from elsewhere. */
export async function tab(browser, t, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.expectLost = false; // the server is to go away
  page.on('console', (m) => m.type() === 'error' && !(page.expectLost && /ERR_|Failed to load/.test(m.text())) && wrong.push(m.text()));
  page.on('pageerror', (e) => wrong.push(e.message));
  page.on('request', (r) => !/^http:\/\/(127\.0\.0\.1|localhost):|^data:/.test(r.url()) && wrong.push('asks ' + r.url()));
  page.on('dialog', (d) => { wrong.push('a dialog of the browser: ' + d.message()); void d.dismiss(); });
  t.after(async () => {
    await context.close();
    assert.deepEqual(wrong, [], 'what the browser complained about');
  });
  return page;
}

/** Holds a page against the rules of WCAG 2.2, A and AA. */
export async function accessible(page, what) {
  await page.evaluate(`(() => { const s = ${JSON.stringify(axe)}; window.axe || new Function(s).call(window); })()`).catch(() => undefined);
  if (!(await page.evaluate('!!window.axe'))) {
    // The page's own policy lets no text become code; the browser's protocol does.
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Runtime.evaluate', { expression: axe });
    await cdp.detach();
  }
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } }));
  assert.ok(found.passes.length > 10, `${what}: axe looked at next to nothing: ${found.passes.length} rules pass`);
  assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`), [], `${what}: violations`);
}

/** Waits until a condition holds in the page, and returns after how many milliseconds. */
export async function until(page, what, condition, arg) {
  const began = Date.now();
  await page.waitForFunction(condition, arg, { timeout: 15000, polling: 20 }).catch((e) => assert.fail(`${what}: ${e.message}`));
  return Date.now() - began;
}

/**
 * Scrolls through the list of a page, as long as it has further rows, and tells how
 * smoothly that went. Only rows that are seen may be in the document.
 */
export async function scrolls(page, t, frames) {
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  const seen = await page.evaluate(async (frames) => {
    const box = document.querySelector('[role=listbox]');
    const size = () => Number(box.querySelector('.item:last-child')?.getAttribute('aria-setsize'));
    const took = [];
    let last = performance.now(), most = 0;
    for (let n = 0; n < frames; n++) {
      box.scrollTop += 400;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      took.push(now - last);
      last = now;
      most = Math.max(most, box.querySelectorAll('.item').length);
      if (size() >= 9000 && box.scrollTop + box.clientHeight >= box.scrollHeight - 10) break;
    }
    return { longest: Math.max(...took), over: took.filter((f) => f > 50).length, frames: took.length, most, rows: size() };
  }, frames);
  t.diagnostic(`first paint ${Math.round(paint)} ms (goal 300); ${seen.frames} frames, ${seen.over} over 50 ms, the longest ${Math.round(seen.longest)} ms (goal 50); ${seen.rows} rows, at most ${seen.most} of them in the document`);
  assert.ok(seen.rows >= 5000, `${seen.rows} rows were reached by scrolling, want thousands`);
  assert.ok(seen.most < 120, `${seen.most} rows are in the document, want only those that are seen`);
}
