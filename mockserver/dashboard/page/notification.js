// The notification of an operation, and what can be done with it.
import { html, useState } from '../assets/vendor.js';
import { Body, clock, Confirm, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { v1 } from './mock.js';
import { attemptOf, deliveryOf } from './words.js';
import { Headers } from './one.js';

/** @param {{page: import('./main.js').Page, d: import('./words.js').Delivery}} props */
export function Notification({ page, d }) {
  const [editing, setEditing] = useState(false);
  const [tone, word] = deliveryOf(d);
  const act = (/** @type {string} */ what, /** @type {string} */ name) => () => page.act(what, v1(`deliveries/${encodeURIComponent(d.operationId)}/${name}`));
  const held = d.state === 'Held';
  return html`<h3>Notification</h3>
    <div class="row"><${State} tone=${tone} word=${word} /><span class="mono">${d.url}</span></div>
    ${d.fault && html`<p class="note doubt">Disturbed by ${d.fault}</p>`}
    <div class="row" role="group" aria-label="What can be done with the notification">
      ${d.state === 'Waiting' && html`<button onClick=${act('Hold the next attempt', 'hold')}>Hold</button>`}
      ${held && html`<button onClick=${() => setEditing(true)}>Edit…</button><button class="main" onClick=${act('Let it go', 'release')}>Let it go</button>`}
      ${d.body !== undefined && html`<button onClick=${act('Send it once more', 'redelivery')}>Redeliver</button>`}</div>
    ${d.body !== undefined && html`<${Body} key=${d.body} label="the notification" size=${d.body.length} load=${() => d.body ?? ''} />`}
    ${d.attempts.length > 0 && html`<div class="scroll"><table><thead><tr><th>Attempt</th><th>What became of it</th><th class="num">At</th></tr></thead><tbody>
      ${d.attempts.map((a, i) => html`<tr key=${i}><td>${i + 1}</td><td><${State} tone=${attemptOf(a)[0]} word=${attemptOf(a)[1]} /><div class="soft small">${attemptOf(a)[2]}</div>${a.headers && html`<${Headers} headers=${a.headers} />`}</td><td class="num">${clock(a.started)}</td></tr>`)}</tbody></table></div>`}
    ${editing && html`<${Edit} page=${page} d=${d} onClose=${() => setEditing(false)} />`}`;
}

/** @param {{page: import('./main.js').Page, d: import('./words.js').Delivery, onClose: () => void}} props */
function Edit({ page, d, onClose }) {
  const [body, setBody] = useState(d.body ?? '');
  const [headers, setHeaders] = useState('');
  const yes = async () => {
    /** @type {Record<string, string|null>} */
    const set = {};
    for (const line of headers.split('\n').filter((l) => l.trim())) {
      const [, name, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
      if (!name) throw new Error(`“${line}” is no header: want name: value`);
      set[name.trim()] = value.trim() || null;
    }
    await call(v1('deliveries/' + encodeURIComponent(d.operationId)), { method: 'PATCH', body: { ...(body !== d.body && { body }), ...(headers.trim() && { headers: set }) } });
    page.say('Changed: it is signed anew when it goes');
    page.fresh();
  };
  return html`<${Confirm} title="Change the notification" word="Change it" onYes=${yes} onClose=${onClose}>
    <label class="field">Body<textarea value=${body} onInput=${(/** @type {any} */ e) => setBody(e.target.value)}></textarea></label>
    <label class="field">Headers to set, one a line; without a value it is left out<textarea value=${headers} placeholder="order: 4712" onInput=${(/** @type {any} */ e) => setHeaders(e.target.value)}></textarea></label>
  </${Confirm}>`;
}
