// One operation: what is known of it, its life in one list, and what can be done.
import { html, useEffect, useState } from '../assets/vendor.js';
import { Body, Confirm, Copy, Mark, State, ago, clock, day, message } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { acts, stateOf } from './words.js';

/**
 * @typedef {{at: string, tone: import('../assets/ui.js').Tone, what: string, detail?: string, ahead?: boolean}} Step
 * @typedef {import('./words.js').Row & {origin: string, notify: string, verifier?: string, sequence?: string, place?: number, blocked?: boolean,
 *   candidates?: string[], otherIDs?: string[], formerIDs?: string[], supersedes?: string, location?: string, etag?: string,
 *   hasAnswer: boolean, answerSize?: number, kept: boolean, timeline: Step[], acts: string[]}} Whole
 */

/** @param {{page: import('./main.js').Page, name: string, onClose: () => void}} props */
export function One({ page, name, onClose }) {
  const [op, setOp] = useState(/** @type {Whole|null} */ (null));
  const [failed, setFailed] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    call('api/operations/' + encodeURIComponent(name), { signal: abort.signal }).then((o) => { setOp(o); setFailed(''); }, (e) => abort.signal.aborted || setFailed(message(e)));
    return () => abort.abort();
  }, [name, page.changes]);
  const head = html`<header><h2 class="mono">${name}</h2><div class="end">${op && html`<${Copy} text=${name} label="Copy ref" />`}<button class="quiet" aria-label="Close" onClick=${onClose}>✕</button></div></header>`;
  if (failed) return html`<section class="sheet" aria-label="Operation">${head}<p class="note bad" role="alert">${failed}</p></section>`;
  if (!op) return html`<section class="sheet" aria-label="Operation">${head}<p class="pad soft">Loading…</p></section>`;
  const [tone, word] = stateOf(op);
  const fact = (/** @type {string} */ label, /** @type {any} */ value) => (value ? html`<dt>${label}</dt><dd>${value}</dd>` : null);
  return html`<section class="sheet" aria-label="Operation">${head}
    <div class="pad stack">
      <div class="row"><${State} tone=${tone} word=${word} />${op.statusCode ? html`<span class="tag">${op.statusCode}</span>` : ''}<b>${op.method}</b> <span class="mono">${op.path}</span></div>
      ${op.why && html`<p class="note ${tone === 'bad' ? 'bad' : tone === 'doubt' ? 'doubt' : ''}">${op.why}</p>`}
      ${op.acts.length > 0 && html`<div class="row" role="group" aria-label="What can be done">${op.acts.map((a) => html`<button key=${a} class=${acts[a]?.danger ? 'danger' : ''} disabled=${!page.session.canAct} title=${page.session.canAct ? acts[a]?.explain : 'You may look, and not change anything.'} onClick=${() => setAsked(a)}>${acts[a]?.word ?? a}</button>`)}</div>`}
      <dl class="facts">
        ${fact('Key', op.key)}${fact('ERP id', op.id && html`<span class="mono">${op.id}</span>`)}${fact('Kind', op.kind)}${fact('ERP', op.origin)}${fact('Notification', op.notify)}
        ${fact('Verifier', op.verifier)}${fact('Sequence', op.sequence && `${op.sequence}, place ${op.place}${op.blocked ? ', behind another one' : ''}`)}
        ${fact('Candidates', op.candidates?.join(', '))}${fact('Other ids', op.otherIDs?.join(', '))}${fact('Earlier ids', op.formerIDs?.join(', '))}${fact('Supersedes', op.supersedes)}
        ${fact('Location', op.location)}${fact('ETag', op.etag)}
        ${Object.entries(op.metadata ?? {}).map(([k, v]) => html`<dt key=${k}>${k}</dt><dd>${v}</dd>`)}
      </dl>
      <h3>What happened</h3>
      <ol class="timeline">${op.timeline.map((s, i) => html`<li key=${i}><span class="mark state ${s.tone}"><${Mark} tone=${s.tone} /></span>
        <div>${s.what}</div><div class="when"><time datetime=${s.at} title=${day(s.at)}>${clock(s.at)}</time> · ${ago(s.at, page.now)}${s.detail ? ' · ' + s.detail : ''}</div></li>`)}</ol>
      ${op.hasAnswer && html`<h3>Answer</h3><${Body} label=${op.kept ? 'the answer' : 'the answer, which the ERP has'} size=${op.answerSize || undefined} load=${async () => (await call(`api/operations/${encodeURIComponent(name)}/answer`)).text} />`}
    </div>
    ${asked && html`<${Act} page=${page} op=${op} act=${asked} onClose=${() => setAsked('')} onDone=${(/** @type {Whole} */ o) => { setOp(o); page.say(`${acts[asked].word}: done`); page.fresh(); }} />`}
  </section>`;
}

/** @param {{page: import('./main.js').Page, op: Whole, act: string, onClose: () => void, onDone: (op: Whole) => void}} props */
function Act({ op, act, onClose, onDone }) {
  const [status, setStatus] = useState('201');
  const [location, setLocation] = useState('');
  const [body, setBody] = useState('');
  const [id, setID] = useState(op.candidates?.[0] ?? '');
  const how = acts[act];
  const yes = async (/** @type {string} */ reason) => onDone(await call(`api/operations/${encodeURIComponent(op.ref)}/${act}`, { method: 'POST', body: { reason, ...(act === 'ended' && { statusCode: Number(status), location, body }), ...(act === 'accepted' && { id: id.trim() }) } }));
  return html`<${Confirm} title=${how.title} word=${how.word.replace('…', '')} danger=${how.danger} reason=${how.reason} onYes=${yes} onClose=${onClose}>
    <p>${how.explain}</p><p class="soft"><b>${op.method}</b> <span class="mono">${op.path}</span>${op.key ? `, key ${op.key}` : ''}</p>
    ${act === 'ended' && html`<label class="field">Status code<input type="number" min="200" max="599" required value=${status} onInput=${(/** @type {any} */ e) => setStatus(e.target.value)} /></label>
      <label class="field">Location of what it made<input placeholder="/v1/customerinvoice/003512" value=${location} onInput=${(/** @type {any} */ e) => setLocation(e.target.value)} /></label>
      <label class="field">Body of the answer<textarea value=${body} onInput=${(/** @type {any} */ e) => setBody(e.target.value)}></textarea></label>`}
    ${act === 'accepted' && html`<label class="field">The ERP's id, a GUID${op.candidates?.length ? ' (a notification proposed this one)' : ''}<input class="mono" required value=${id} onInput=${(/** @type {any} */ e) => setID(e.target.value)} /></label>`}
  </${Confirm}>`;
}

