// Notifications of the company, those that are held first.
import { html, useMemo, useState } from '../assets/vendor.js';
import { Confirm, Empty, State } from '../assets/ui.js';
import { List } from '../assets/list.js';
import { call } from '../assets/live.js';
import { filter, to } from '../assets/place.js';
import { useAll, useRead, v1 } from './mock.js';
import { deliveryOf } from './words.js';

/** @typedef {import('./words.js').Delivery} Delivery */

/** @type {Delivery[]} */
const none = [];

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Deliveries({ page, place }) {
  const { company } = page;
  const state = place.query.get('state') ?? '', text = (place.query.get('text') ?? '').toLowerCase();
  const { list, failed } = useAll('deliveries', { company, state }, 'deliveries', page.mock.changes, page.now);
  const held = useRead(v1('breakpoint', { company }), page.mock.changes);
  const [asked, setAsked] = useState(false);
  const all = /** @type {Delivery[]} */ (list ?? none);
  const rows = useMemo(() => all.filter((d) => !text || `${d.operationId} ${d.method} ${d.path} ${d.url} ${d.fault ?? ''}`.toLowerCase().includes(text)).reverse()
    .sort((a, b) => Number(b.state === 'Held') - Number(a.state === 'Held')), [all, text]);
  const waiting = all.filter((d) => d.state === 'Held');
  const hold = async (/** @type {boolean} */ on) => {
    await page.act(on ? 'Hold notifications' : 'Hold no more', v1('breakpoint', { company }), { method: 'PUT', body: { held: on } });
    held.again();
  };
  const releaseAll = async () => {
    for (const d of waiting) await call(v1(`deliveries/${encodeURIComponent(d.operationId)}/release`), { method: 'POST' });
    page.say(`${waiting.length} let go`);
    page.fresh();
  };
  return html`<section class="sheet" aria-label="Deliveries">
    <header role="search"><input type="search" aria-label="Search id, call, address, rule" placeholder="Search  /" value=${place.query.get('text') ?? ''} onInput=${(/** @type {any} */ e) => filter(place, { text: e.target.value })} />
      <label><span class="visually-hidden">State</span><select value=${state} onChange=${(/** @type {any} */ e) => filter(place, { state: e.target.value })}><option value="">Any state</option>${['Waiting', 'Held', 'Delivered', 'Dead', 'Dropped'].map((s) => html`<option key=${s} value=${s}>${s}</option>`)}</select></label>
      <button aria-pressed=${held.value?.held ?? false} disabled=${!held.value} onClick=${() => hold(!held.value.held)} title="Each is held before it leaves, for you to look at it">${held.value?.held ? 'Holding notifications' : 'Hold notifications'}</button>
      ${waiting.length > 0 && html`<button onClick=${() => setAsked(true)}>Let ${waiting.length} go</button>`}
      <span class="end soft small" role="status">${list ? `${rows.length} notifications` : 'Loading…'}</span></header>
    ${(failed || held.failed) && html`<p class="note bad pad" role="alert">${failed || held.failed}</p>`}
    ${!list ? !failed && html`<${Empty} title="Loading…" />` : html`<${List} label="Deliveries" rows=${rows} id=${(/** @type {Delivery} */ d) => d.operationId} columns=${columns}
      onOpen=${(/** @type {Delivery} */ d) => { location.hash = to(['operations', d.operationId], place.query.has('company') ? { company } : {}); }}
      empty=${html`<${Empty} title=${state || text ? 'No notification fits these filters' : 'There are no notifications yet'}><p>An operation has one if its header <code>erp-api-background</code> is a URL or <code>subscription</code>.</p></${Empty}>`} />`}
    ${asked && html`<${Confirm} title="Let all go that are held?" word="Let them go" onYes=${releaseAll} onClose=${() => setAsked(false)}><p>${waiting.length} notifications leave at once, one after the other.</p></${Confirm}>`}
  </section>`;
}

const columns = /** @type {import('../assets/list.js').Column<Delivery>[]} */ ([
  { name: 'State', width: '9rem', show: (d) => html`<${State} tone=${deliveryOf(d)[0]} word=${deliveryOf(d)[1]} />` },
  { name: 'Call', width: 'minmax(8rem, 2fr)', show: (d) => html`<span title=${d.path}><b>${d.method}</b> ${d.path}</span>` },
  { name: 'To', width: 'minmax(8rem, 2fr)', wide: true, show: (d) => html`<span class="mono" title=${d.url}>${d.url}</span>` },
  { name: 'Tries', width: '3rem', number: true, show: (d) => d.attempts.length || '' },
  { name: 'Last answer', width: '7rem', wide: true, show: (d) => d.attempts.at(-1)?.statusCode || d.attempts.at(-1)?.error || '' },
  { name: 'Rule', width: '7rem', wide: true, show: (d) => d.fault ?? '' },
]);
