// One operation: its life, what was asked and answered, and its notification.
import { html } from '../assets/vendor.js';
import { ago, Body, clock, Copy, day, Mark, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { useRead, v1 } from './mock.js';
import { Notification } from './notification.js';
import { curlOf, stateOf, told } from './words.js';

/** @typedef {{operation: import('./words.js').Operation, timeline: import('./words.js').Entry[], delivery?: import('./words.js').Delivery}} Whole */

/** @param {{page: import('./main.js').Page, id: string, onClose: () => void}} props */
export function One({ page, id, onClose }) {
  const { value, failed } = useRead(v1('operations/' + encodeURIComponent(id)), page.mock.changes);
  const head = html`<header><h2 class="mono">${id}</h2><div class="end"><${Copy} text=${id} label="Copy id" /><button class="quiet" aria-label="Close" onClick=${onClose}>✕</button></div></header>`;
  if (failed && !value) return html`<section class="sheet" aria-label="Operation">${head}<p class="note bad" role="alert">${failed}</p></section>`;
  if (!value) return html`<section class="sheet" aria-label="Operation">${head}<p class="pad soft">Loading…</p></section>`;
  const { operation: op, timeline, delivery } = /** @type {Whole} */ (value);
  const request = timeline.find((e) => e.request)?.request;
  const [tone, word] = stateOf(op);
  const expire = async () => {
    const got = await page.act('End its retention', v1(`operations/${encodeURIComponent(id)}/expire`));
    if (got) page.mock.put(got);
  };
  return html`<section class="sheet" aria-label="Operation">${head}<div class="pad stack">
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    <div class="row"><${State} tone=${tone} word=${word} />${op.statusCode ? html`<span class="tag">${op.statusCode}</span>` : ''}<b>${op.method}</b> <span class="mono">${op.path}</span></div>
    ${op.errorMessage && html`<p class="note bad">${op.errorMessage}</p>`}
    <dl class="facts"><dt>Header</dt><dd class="mono">${op.header}</dd><dt>Read</dt><dd>state ${op.stateReads} times, content ${op.contentReads} times</dd></dl>
    <h3>What happened</h3>
    <${Timeline} entries=${timeline} page=${page} />
    <h3>Request</h3>
    ${request ? html`<div class="row"><${Copy} text=${curlOf(request)} label="Copy as curl" /></div><${Headers} headers=${request.headers} />
      <${Body} label="its body" size=${(request.body ?? '').length} load=${() => request.body ?? (request.bodyBase64 ? `base64: ${request.bodyBase64}` : '')} />` : html`<p class="soft">The journal does not have it any more.</p>`}
    ${op.ended && op.state !== 'Expired' && html`<h3>Answer and content</h3><${Body} key=${op.statusCode} label="the answer" load=${async () => shown(await call(v1(`operations/${encodeURIComponent(id)}/answer`)))} />
      <div class="row"><button class="danger" onClick=${expire}>End its retention</button></div>`}
    ${delivery ? html`<${Notification} page=${page} d=${delivery} />` : html`<h3>Notification</h3><p class="soft">None was asked for.</p>`}
  </div></section>`;
}

/** @param {any} a */
function shown(a) {
  const head = `${a.statusCode}\n${Object.entries(a.headers).map(([k, v]) => `${k}: ${v}\n`).join('')}`;
  if (!a.hasContent) return head + '\nIt has no content.';
  // JSON is shown as a tree, with its status and headers in it.
  if (a.body !== undefined && /json/i.test(a.contentType ?? '')) return `{"statusCode": ${a.statusCode}, "headers": ${JSON.stringify(a.headers)}, "content": ${a.body || 'null'}}`;
  return `${head}\n${a.body ?? 'base64: ' + a.bodyBase64}`;
}

/** @param {{headers: Record<string, string[]>}} props */
export function Headers({ headers }) {
  return html`<details><summary>${Object.keys(headers).length} headers</summary><dl class="facts mono">${Object.entries(headers).map(([name, values]) => html`<dt key=${name}>${name}</dt><dd>${values.join(', ')}</dd>`)}</dl></details>`;
}

/** @param {{entries: import('./words.js').Entry[], page: import('./main.js').Page}} props */
export function Timeline({ entries, page }) {
  if (entries.length === 0) return html`<p class="soft">The journal has nothing of it any more.</p>`;
  return html`<ol class="timeline">${entries.map((e) => {
    const [tone, what, more] = told(e);
    return html`<li key=${e.seq}><span class="mark state ${tone}"><${Mark} tone=${tone} /></span><div>${e.request ? `Intake: ${what}` : what}</div>
      <div class="when"><time datetime=${e.time} title=${day(e.time)}>${clock(e.time)}</time> · ${ago(e.time, page.time)}${more ? ' · ' + more : ''}</div></li>`;
  })}</ol>`;
}
