// The queue of the company: what waits, runs and has ended, and one of them beside.
import { html, useEffect, useMemo } from '../assets/vendor.js';
import { Empty, span, State, When } from '../assets/ui.js';
import { List } from '../assets/list.js';
import { filter, to } from '../assets/place.js';
import { stateOf } from './words.js';
import { One } from './one.js';

/** @typedef {import('./words.js').Operation} Operation */

const groups = [['', 'All'], ['open', 'Queued and running'], ['ended', 'Ended']];

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Operations({ page, place }) {
  const { mock } = page;
  const id = place.path[1] ?? '';
  const get = (/** @type {string} */ name) => place.query.get(name) ?? '';
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => filter(place, { [name]: e.target.value });
  const group = get('group'), state = get('state'), text = get('text').toLowerCase();
  const rows = useMemo(() => {
    const list = [...mock.ops.values()].filter((op) => (!group || (group === 'open') === (op.state === 'Queued' || op.state === 'Running')) && (!state || op.state === state)
      && (!text || `${op.id} ${op.method} ${op.path} ${op.header} ${op.errorMessage ?? ''} ${op.statusCode}`.toLowerCase().includes(text)));
    return group === 'open' ? list : list.reverse();
  }, [mock.ops, mock.changes, group, state, text]);
  const close = () => { location.hash = to(['operations'], place.query); };
  useEffect(() => {
    const esc = (/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && id && !document.querySelector('dialog[open]') && close();
    addEventListener('keydown', esc);
    return () => removeEventListener('keydown', esc);
  });
  const filtered = group || state || text;
  return html`<div class="split ${id ? 'open' : ''}">
    <section class="sheet" aria-label="Operations">
      <header role="search">
        <div class="row" role="group" aria-label="Which">${groups.map(([value, name]) => html`<button key=${value} aria-pressed=${group === value && !state} onClick=${() => filter(place, { group: value, state: '' })}>${name}</button>`)}</div>
        <input type="search" aria-label="Search id, call, header, status" placeholder="Search  /" value=${get('text')} onInput=${set('text')} />
        <label><span class="visually-hidden">State</span><select value=${state} onChange=${set('state')}><option value="">Any state</option>${['Queued', 'Running', 'Finished', 'Failed', 'Expired'].map((s) => html`<option key=${s} value=${s}>${s}</option>`)}</select></label>
        <span class="end soft small" role="status">${mock.loaded ? `${rows.length} operations` : 'Loading…'}</span>
      </header>
      ${mock.failed && html`<p class="note bad pad" role="alert">${mock.failed}</p>`}
      <${List} label="Operations" rows=${rows} id=${(/** @type {Operation} */ op) => op.id} selected=${id} columns=${columns(page.time)}
        onOpen=${(/** @type {Operation} */ op) => { location.hash = to(['operations', op.id], place.query); }}
        empty=${mock.loaded && html`<${Empty} title=${filtered ? 'No operation fits these filters' : 'Nothing was called in the background yet'}>
          ${filtered ? html`<button onClick=${() => filter(place, { group: '', state: '', text: '' })}>Show all</button>` : html`<p>Call the mock with the header <code>erp-api-background</code>, or <a href=${to(['try'])}>try a call</a> from here.</p>`}</${Empty}>`} />
    </section>
    ${id && html`<${One} key=${id} page=${page} id=${id} onClose=${close} />`}
  </div>`;
}

/** @param {number} time */
function columns(time) {
  return /** @type {import('../assets/list.js').Column<Operation>[]} */ ([
    { name: 'State', width: '6rem', show: (op) => html`<${State} tone=${stateOf(op)[0]} word=${stateOf(op)[1]} />` },
    { name: 'Call', width: 'minmax(6rem, 3fr)', show: (op) => html`<span title=${op.path}><b>${op.method}</b> ${op.path}</span>` },
    { name: 'Code', width: '3rem', number: true, show: (op) => op.statusCode || '' },
    { name: 'Id', width: 'minmax(6rem, 1fr)', wide: true, show: (op) => html`<span class="mono">${op.id}</span>` },
    { name: 'Leases', width: '3.5rem', number: true, wide: true, show: (op) => op.attempts || '' },
    { name: 'Polls', width: '3rem', number: true, wide: true, show: (op) => op.stateReads || '' },
    { name: 'Took', width: '5rem', number: true, wide: true, show: (op) => (op.ended ? span(Date.parse(op.ended) - Date.parse(op.received)) : '') },
    { name: 'Age', width: '5.5rem', number: true, show: (op) => html`<${When} at=${op.received} now=${time} />` },
  ]);
}
