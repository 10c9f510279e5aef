// Sequences of the outbox: what waits, and what has stopped.
import { html, useEffect, useState } from '../assets/vendor.js';
import { Empty, message, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { to } from '../assets/place.js';

/** @param {{page: import('./main.js').Page}} props */
export function Sequences({ page }) {
  const [list, setList] = useState(/** @type {any[]|null} */ (null));
  const [failed, setFailed] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    call('api/sequences', { signal: abort.signal }).then((v) => { setList(v.sequences); setFailed(''); }, (e) => abort.signal.aborted || setFailed(message(e)));
    return () => abort.abort();
  }, [page.changes]);
  return html`<section class="sheet" aria-label="Sequences"><header><h2>Sequences</h2><span class="soft small">Operations that are sent one after the other, each when the one before has succeeded.</span></header>
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    ${list === null ? html`<${Empty} title="Loading…" />` : list.length === 0 ? html`<${Empty} title="No sequence waits" />`
    : html`<div class="scroll"><table><thead><tr><th>Sequence</th><th>State</th><th class="num">Done</th><th class="num">Last</th><th class="num">Waiting</th><th>Head</th></tr></thead>
      <tbody>${list.map((s) => html`<tr key=${s.Name}><td>${s.Name}</td><td><${State} tone=${s.Stopped ? 'held' : 'run'} word=${s.Stopped ? `stopped: ${s.Phase}` : 'goes on'} /></td>
        <td class="num">${s.Done}</td><td class="num">${s.Last}</td><td class="num">${s.Waiting}</td><td>${s.Head && html`<a class="mono" href=${to(['operations', s.Head])}>${s.Head}</a>`}</td></tr>`)}</tbody></table></div>`}
  </section>`;
}
