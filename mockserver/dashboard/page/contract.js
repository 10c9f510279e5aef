// Operations of the documents that the mock answers from, and which were never called.
import { html } from '../assets/vendor.js';
import { Empty, State } from '../assets/ui.js';
import { List } from '../assets/list.js';
import { filter, to } from '../assets/place.js';
import { useRead, v1 } from './mock.js';

/** @typedef {{document: string, method: string, path: string, operationId?: string, tags?: string[], calls: number}} Op */

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Contract({ page, place }) {
  const { value, failed } = useRead(v1('contract', { company: page.company }), page.mock.changes);
  const only = place.query.get('all') === null, text = (place.query.get('text') ?? '').toLowerCase();
  const rows = /** @type {Op[]} */ (value?.operations ?? []).filter((o) => (!only || o.calls === 0) && (!text || `${o.method} ${o.path} ${o.operationId ?? ''} ${o.tags?.join(' ') ?? ''}`.toLowerCase().includes(text)));
  return html`<section class="sheet" aria-label="Contract"><header role="search">
      <div class="row" role="group" aria-label="Which"><button aria-pressed=${only} onClick=${() => filter(place, { all: '' })}>Never called</button><button aria-pressed=${!only} onClick=${() => filter(place, { all: '1' })}>All</button></div>
      <input type="search" aria-label="Search call, operation, tag" placeholder="Search  /" value=${place.query.get('text') ?? ''} onInput=${(/** @type {any} */ e) => filter(place, { text: e.target.value })} />
      <span class="end soft small" role="status">${value ? `${value.called} of ${value.total} operations were called` : 'Loading…'}</span></header>
    ${failed && html`<p class="note bad pad" role="alert">${failed}</p>`}
    ${value && value.total > 0 && html`<div class="pad"><meter aria-label="Operations that were called" min="0" max=${value.total} value=${value.called}></meter></div>`}
    ${value && html`<${List} label="Operations of the contract" rows=${rows} id=${(/** @type {Op} */ o) => `${o.document} ${o.method} ${o.path}`} columns=${columns}
      onOpen=${(/** @type {Op} */ o) => { location.hash = to(['try'], { method: o.method, path: o.path, ...(place.query.has('company') && { company: page.company }) }); }}
      empty=${value.total === 0 ? html`<${Empty} title="The mock answers from no document"><p>Start it with <code>erpmock serve --spec erp.json</code> to see here which operations your tests never call.</p></${Empty}>`
    : html`<${Empty} title=${text ? 'No operation fits this search' : 'Every operation was called'} />`} />`}
  </section>`;
}

const columns = /** @type {import('../assets/list.js').Column<Op>[]} */ ([
  { name: 'Calls', width: '6rem', show: (o) => html`<${State} tone=${o.calls ? 'good' : 'gone'} word=${o.calls ? String(o.calls) : 'never'} />` },
  { name: 'Operation', width: 'minmax(10rem, 3fr)', show: (o) => html`<span title=${o.path}><b>${o.method}</b> ${o.path}</span>` },
  { name: 'Name', width: 'minmax(6rem, 2fr)', wide: true, show: (o) => o.operationId ?? '' },
  { name: 'Tags', width: 'minmax(5rem, 1fr)', wide: true, show: (o) => o.tags?.join(', ') ?? '' },
  { name: 'Document', width: 'minmax(5rem, 1fr)', wide: true, show: (o) => html`<span title=${o.document}>${o.document.split('/').at(-1)}</span>` },
]);
