// Dead letters: one by one in the list, or in bulk by a filter with a count first.
import { html, useEffect, useState } from '../assets/vendor.js';
import { Confirm, Empty, message, State, When } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { filter, to } from '../assets/place.js';
import { stateOf } from './words.js';

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Dead({ page, place }) {
  const [rows, setRows] = useState(/** @type {import('./words.js').Row[]|null} */ (null));
  const [count, setCount] = useState(/** @type {number|null} */ (null));
  const [failed, setFailed] = useState('');
  const [asked, setAsked] = useState('');
  const kind = place.query.get('kind') ?? '', text = place.query.get('text') ?? '';
  const body = { kind, text };
  useEffect(() => {
    const abort = new AbortController();
    const q = new URLSearchParams({ phase: 'dead', ...(kind && { kind }), ...(text && { text }) });
    const counted = page.session.canAct ? call('api/dead/count', { method: 'POST', body, signal: abort.signal }).then((n) => n.selected) : Promise.resolve(null);
    Promise.all([call('api/operations?' + q, { signal: abort.signal }), counted])
      .then(([list, n]) => { setRows(list.operations); setCount(n); setFailed(''); }, (e) => abort.signal.aborted || setFailed(message(e)));
    return () => abort.abort();
  }, [kind, text, page.changes]);
  const yes = (/** @type {string} */ act) => async (/** @type {string} */ reason) => {
    const n = await call('api/dead/' + act, { method: 'POST', body: { ...body, reason } });
    page.say(`${n.done} of ${n.selected} ${act === 'drop' ? 'dropped' : 'replayed'}`);
    page.fresh();
  };
  return html`<section class="sheet" aria-label="Dead letters"><header role="search"><h2>Dead letters</h2>
      <input type="search" aria-label="Why they died" placeholder="Why they died  /" value=${text} onInput=${(/** @type {any} */ e) => filter(place, { text: e.target.value })} />
      <input aria-label="Kind" placeholder="Kind" value=${kind} onChange=${(/** @type {any} */ e) => filter(place, { kind: e.target.value })} />
      <div class="end"><button disabled=${!count} onClick=${() => setAsked('replay')}>Replay ${count ?? ''}</button><button class="danger" disabled=${!count} onClick=${() => setAsked('drop')}>Drop ${count ?? ''}</button></div></header>
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    ${rows === null ? html`<${Empty} title="Loading…" />` : rows.length === 0 ? html`<${Empty} title=${kind || text ? 'No dead letter fits these filters' : 'There are no dead letters'}><p>Outcomes that a handler failed to take for good would stand here.</p></${Empty}>`
    : html`<div class="scroll"><table><thead><tr><th>State</th><th>Operation</th><th>Why it died</th><th class="num">Made</th></tr></thead><tbody>${rows.map((r) => html`<tr key=${r.ref}>
      <td><${State} tone=${stateOf(r)[0]} word=${r.kind || 'dead letter'} /></td><td><a href=${to(['operations', r.ref])}>${r.method} ${r.path}</a><div class="soft small">${r.key ?? r.ref}</div></td><td>${r.why}</td><td class="num soft"><${When} at=${r.created} now=${page.now} /></td></tr>`)}</tbody></table></div>`}
    ${asked && html`<${Confirm} title=${asked === 'drop' ? `Drop ${count} dead letters?` : `Replay ${count} dead letters?`} word=${asked === 'drop' ? 'Drop them' : 'Replay them'} danger=${asked === 'drop'} reason=${asked === 'drop'} onYes=${yes(asked)} onClose=${() => setAsked('')}>
      <p>${asked === 'drop' ? 'They count as taken, and no handler runs for them again. Nothing changes at the ERP.' : 'Each goes back to its handler, with all its attempts.'}</p>
      <p class="soft">Those${kind ? ` of the kind ${kind}` : ''}${text ? ` with “${text}” in why they died` : ''}${kind || text ? '' : ' of all kinds'}.</p></${Confirm}>`}
  </section>`;
}
