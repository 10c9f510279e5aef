// A call of the ERP from the page, in the background or in the foreground.
import { html, useState } from '../assets/vendor.js';
import { Json, message, span } from '../assets/ui.js';
import { to } from '../assets/place.js';
import { Headers } from './one.js';
import { root } from './words.js';

const invoice = JSON.stringify({ customerNumber: { value: '10045' }, documentDate: { value: '2026-09-01' }, invoiceLines: [{ operation: 'Insert', inventoryNumber: { value: 'SYK-01' }, quantity: { value: 2 } }] }, null, 2);
const examples = /** @type {[string, string, string, string][]} */ ([
  ['Make an invoice', 'POST', '/v2/customerinvoice', invoice],
  ['List invoices', 'GET', '/v1/customerinvoice?pageNumber=1&pageSize=10', ''],
]);

/** @typedef {{status: number, text: string, headers: Record<string, string[]>, took: number, id: string}} Answer */

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Try({ page, place }) {
  const asked = place.query.get('path');
  const [f, setF] = useState({
    method: place.query.get('method') ?? examples[0][1], path: asked ?? examples[0][2], body: asked ? '' : invoice,
    mode: 'none', url: '', token: `company:${page.company}`,
  });
  const [answer, setAnswer] = useState(/** @type {Answer|null} */ (null));
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => setF({ ...f, [name]: e.target.value });
  const hasBody = f.method !== 'GET' && f.method !== 'DELETE';
  const send = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setBusy(true);
    setFailed('');
    setAnswer(null);
    const begun = performance.now();
    try {
      const background = f.mode === 'url' ? f.url : f.mode;
      const resp = await fetch(root + (f.path.startsWith('/') ? '' : '/') + f.path, {
        method: f.method, cache: 'no-store', credentials: 'omit',
        headers: {
          Accept: 'application/json', 'ipp-company-id': page.company, 'ipp-application-type': 'Visma.net Financials', ...(f.token && { Authorization: 'Bearer ' + f.token }),
          ...(background && { 'erp-api-background': background }), ...(hasBody && { 'Content-Type': 'application/json' }),
        },
        body: hasBody ? f.body : undefined,
      });
      const text = await resp.text();
      /** @type {Record<string, string[]>} */
      const headers = {};
      resp.headers.forEach((value, name) => { headers[name] = [value]; });
      const id = resp.status === 202 ? /background\/([^/?]+)/i.exec(resp.headers.get('location') ?? '')?.[1] ?? '' : '';
      setAnswer({ status: resp.status, text, headers, took: performance.now() - begun, id });
    } catch (err) {
      setFailed(`No answer came (${message(err)}). A rule may have broken the connection; the journal tells whether it arrived.`);
    } finally {
      setBusy(false);
      page.fresh();
    }
  };
  return html`<div class="halves"><section class="sheet" aria-label="Call"><header><h2>Try a call</h2>
      <div class="end">${examples.map(([name, method, path, body]) => html`<button key=${name} onClick=${() => setF({ ...f, method, path, body })}>${name}</button>`)}</div></header>
    <form class="pad stack" onSubmit=${send}>
      <div class="call"><label class="field">Method<select value=${f.method} onChange=${set('method')}>${['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((m) => html`<option key=${m} value=${m}>${m}</option>`)}</select></label>
        <label class="field">Path below the root of the ERP<input class="mono" required value=${f.path} onInput=${set('path')} /></label></div>
      <div class="row"><label class="field">How it runs<select value=${f.mode} onChange=${set('mode')}><option value="">In the foreground</option><option value="none">In the background, no notification</option><option value="subscription">In the background, notify the subscription</option><option value="url">In the background, notify a URL</option></select></label>
        ${f.mode === 'url' && html`<label class="field">Webhook<input type="url" required placeholder="http://127.0.0.1:9000/hook" value=${f.url} onInput=${set('url')} /></label>`}
        <label class="field">Bearer token<input class="mono" value=${f.token} onInput=${set('token')} /></label></div>
      ${hasBody && html`<label class="field">Body<textarea rows="12" value=${f.body} onInput=${set('body')}></textarea></label>`}
      <div class="row"><button class="main" type="submit" disabled=${busy}>${busy ? 'Waiting for the answer…' : 'Send'}</button></div>
    </form></section>
    <section class="sheet" aria-label="Answer"><header><h2>Answer</h2></header><div class="pad stack" role="status">
      ${failed ? html`<p class="note bad">${failed}</p>` : !answer ? html`<p class="soft">${busy ? 'The mock works on it.' : 'Nothing was sent yet. The call counts like any other: limits, faults and the journal apply.'}</p>`
    : html`<div class="row"><span class="state ${answer.status < 400 ? 'good' : 'bad'}">${answer.status}</span><span class="soft">in ${span(answer.took)}</span>
        ${answer.id && html`<a href=${to(['operations', answer.id], { company: page.company })}>Operation ${answer.id}</a>`}</div>
      <${Headers} headers=${answer.headers} />${answer.text ? html`<${Json} text=${answer.text} />` : html`<p class="soft">It has no body.</p>`}`}
    </div></section></div>`;
}
