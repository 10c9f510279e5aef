// Photographs the pages with real data, light and dark, wide and narrow, into
// .tools/screenshots; what the documentation shows goes to docs/img.
import { mkdirSync } from 'node:fs';
import { launch, serve } from './harness.mjs';

const views = [
  { name: 'console-overview', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/overview', ready: '.tile' },
  { name: 'console-operations', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/operations', ready: '[role=listbox] .item', open: '[role=listbox] .item:has-text("uncertain")', keep: '1280-light' },
  { name: 'console-dead', program: ['console', '-listen', '127.0.0.1:0'], hash: '#/dead', ready: 'tbody tr' },
];

mkdirSync('.tools/screenshots', { recursive: true });
const browser = await launch();
for (const view of views) {
  const server = await serve(...view.program);
  await view.prepare?.(server.url);
  await new Promise((done) => setTimeout(done, 4000)); // what happens at the beginning has happened
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 400]) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      await page.goto(server.url + view.hash);
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
