// The list of operations with its filters, and one operation beside it.
import { html, useEffect, useRef, useState } from '../assets/vendor.js';
import { Empty, message, State, When } from '../assets/ui.js';
import { List } from '../assets/list.js';
import { call } from '../assets/live.js';
import { filter, to } from '../assets/place.js';
import { stateOf } from './words.js';
import { One } from './one.js';

/** @typedef {import('./words.js').Row} Row */

/** Groups of phases that people look for. */
const groups = [['', 'All'], ['open', 'Open'], ['person', 'Need a person'], ['done', 'Ended']];
/** @type {Record<string, string[]>} */
const phasesOf = {
  open: ['queued', 'sending', 'accepted', 'settled'],
  person: ['uncertain', 'unclear', 'expired', 'dead'],
  done: ['acknowledged', 'rejected', 'abandoned'],
};

/**
 * @param {URLSearchParams} q
 */
function queryOf(q) {
  const out = new URLSearchParams();
  for (const p of q.get('phase') ? [q.get('phase') ?? ''] : phasesOf[q.get('group') ?? ''] ?? []) out.append('phase', p);
  for (const name of ['kind', 'text', 'order', 'outcome']) if (q.get(name)) out.set(name, q.get(name) ?? '');
  if (q.get('meta')) out.append('meta', q.get('meta') ?? '');
  const back = { hour: 3600e3, day: 864e5, week: 7 * 864e5 }[q.get('since') ?? ''];
  if (back) out.set('since', new Date(Date.now() - back).toISOString());
  return out;
}

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Operations({ page, place }) {
  const { rows, next, failed, loading, more } = useList(place.query, page.changed);
  const ref = place.path[1] ?? '';
  const open = (/** @type {Row} */ r) => { location.hash = to(['operations', r.ref], place.query); };
  const close = () => { location.hash = to(['operations'], place.query); };
  useEffect(() => {
    const esc = (/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && ref && !document.querySelector('dialog[open]') && close();
    addEventListener('keydown', esc);
    return () => removeEventListener('keydown', esc);
  });
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => filter(place, { [name]: e.target.value });
  const get = (/** @type {string} */ name) => place.query.get(name) ?? '';
  const filtered = [...place.query.keys()].length > 0;
  return html`<div class="split ${ref ? 'open' : ''}">
    <section class="sheet" aria-label="Operations">
      <header role="search">
        <div class="row" role="group" aria-label="Which">${groups.map(([value, name]) => html`<button key=${value} aria-pressed=${get('group') === value && !get('phase')} onClick=${() => filter(place, { group: value, phase: '' })}>${name}</button>`)}</div>
        <input type="search" aria-label="Search ref, id, key, path, reason, metadata" placeholder="Search  /" value=${get('text')} onInput=${set('text')} />
        <label class="visually-hidden" for="phase">Phase</label><select id="phase" value=${get('phase')} onChange=${set('phase')}><option value="">Any phase</option>${page.session.phases.map((p) => html`<option key=${p} value=${p}>${p}</option>`)}</select>
        <label class="visually-hidden" for="outcome">Outcome</label><select id="outcome" value=${get('outcome')} onChange=${set('outcome')}><option value="">Any outcome</option><option value="failed">failed</option><option value="succeeded">succeeded</option></select>
        <input aria-label="Kind" placeholder="Kind" size="10" value=${get('kind')} onChange=${set('kind')} />
        <input aria-label="Metadata, as name=value" placeholder="name=value" size="12" value=${get('meta')} onChange=${set('meta')} />
        <label class="visually-hidden" for="since">Time</label><select id="since" value=${get('since')} onChange=${set('since')}><option value="">Any time</option><option value="hour">last hour</option><option value="day">last day</option><option value="week">last week</option></select>
        <label class="visually-hidden" for="order">Order</label><select id="order" value=${get('order')} onChange=${set('order')}><option value="">Newest first</option><option value="oldest">Oldest first</option></select>
        <span class="end soft small" role="status">${loading ? 'Loading…' : `${rows.length}${next ? '+' : ''} operations`}</span>
      </header>
      ${failed && html`<p class="note bad pad" role="alert">${failed}</p>`}
      <${List} label="Operations" rows=${rows} id=${(/** @type {Row} */ r) => r.ref} selected=${ref} onOpen=${open} columns=${columns(page.now, ref !== '')}
        onEnd=${next ? more : undefined} empty=${!loading && !failed && html`<${Empty} title=${filtered ? 'No operation fits these filters' : 'There are no operations yet'}>
          ${filtered ? html`<button onClick=${() => { location.hash = to(['operations']); }}>Show all</button>` : html`<p>They appear here as soon as the service submits one.</p>`}</${Empty}>`} />
    </section>
    ${ref && html`<${One} key=${ref} page=${page} name=${ref} onClose=${close} />`}
  </div>`;
}

/** @param {number} now @param {boolean} few beside an operation there is room for few */
function columns(now, few) {
  const all = /** @type {import('../assets/list.js').Column<Row>[]} */ ([
    { name: 'State', width: '8.5rem', show: (r) => html`<${State} tone=${stateOf(r)[0]} word=${stateOf(r)[1]} />` },
    { name: 'Call', width: 'minmax(10rem, 3fr)', show: (r) => html`<span title=${r.path}><b>${r.method}</b> ${r.path}</span>` },
    { name: 'Code', width: '3rem', number: true, wide: true, show: (r) => r.statusCode || '' },
    { name: 'Key', width: 'minmax(5rem, 1fr)', wide: true, show: (r) => r.key ?? r.id ?? '' },
    { name: 'Kind', width: '6rem', wide: true, show: (r) => r.kind ?? '' },
    { name: 'Why', width: 'minmax(6rem, 2fr)', wide: true, show: (r) => r.why ?? '' },
    { name: 'Age', width: '6.5rem', number: true, show: (r) => html`<${When} at=${r.created} now=${now} />` },
  ]);
  return few ? all.filter((c) => c.name !== 'Kind' && c.name !== 'Why') : all;
}

/**
 * The rows that a query selects. Once more than a page of them is shown, what changes
 * is read by its name, and of the rest only the first page.
 * @param {URLSearchParams} q @param {import('./main.js').Changes} changed
 */
function useList(q, changed) {
  const [rows, setRows] = useState(/** @type {Row[]} */ ([]));
  const [next, setNext] = useState('');
  const [failed, setFailed] = useState('');
  const [loading, setLoading] = useState(true);
  // One thing is asked for at a time, and what somebody waits for first.
  const it = useRef({ want: { first: false, more: false, refs: /** @type {Set<string>} */ (new Set()) }, busy: false, deep: false, rows: /** @type {Row[]} */ ([]), next: '', abort: new AbortController() }).current;
  const show = (/** @type {Row[]} */ list, /** @type {string} */ after) => {
    it.rows = list;
    it.next = after;
    setRows(list);
    setNext(after);
  };
  const page = async (/** @type {AbortSignal} */ signal, /** @type {Record<string, string[]>} */ extra) => {
    const query = queryOf(q);
    for (const [name, values] of Object.entries(extra)) for (const v of values) query.append(name, v);
    return call('api/operations?' + query, { signal });
  };
  const more = async (/** @type {AbortSignal} */ signal) => {
    if (!it.next) return;
    const p = await page(signal, { after: [it.next] });
    const known = new Set(it.rows.map((r) => r.ref));
    it.deep = true;
    show([...it.rows, ...p.operations.filter((/** @type {Row} */ r) => !known.has(r.ref))], p.next);
  };
  const refresh = async (/** @type {AbortSignal} */ signal, /** @type {string[]} */ refs) => {
    const known = new Set(it.rows.map((r) => r.ref));
    refs = refs.filter((r) => known.has(r)).slice(0, 200);
    const [top, named] = await Promise.all([page(signal, {}), it.deep && refs.length ? page(signal, { ref: refs }) : { operations: [] }]);
    if (!it.deep) return show(top.operations, top.next);
    const fresh = new Map([...top.operations, ...named.operations].map((r) => [r.ref, r]));
    const gone = new Set(refs.filter((r) => !fresh.has(r)));
    const kept = it.rows.filter((r) => !gone.has(r.ref)).map((r) => fresh.get(r.ref) ?? r);
    const added = top.operations.filter((/** @type {Row} */ r) => !known.has(r.ref));
    show(q.get('order') === 'oldest' ? kept : [...added, ...kept], it.next);
  };
  const work = async () => {
    if (it.busy) return;
    it.busy = true;
    const signal = it.abort.signal;
    while (!signal.aborted && (it.want.more || it.want.first)) {
      const { more: wantsMore, refs } = it.want;
      try {
        if (wantsMore) {
          it.want.more = false;
          await more(signal);
        } else {
          it.want = { first: false, more: false, refs: new Set() };
          await refresh(signal, [...refs]);
        }
        setFailed('');
      } catch (e) {
        if (!signal.aborted) setFailed(message(e));
        break;
      }
    }
    if (it.abort.signal === signal) {
      it.busy = false;
      setLoading(false);
    }
  };
  const key = q.toString();
  useEffect(() => {
    it.abort.abort();
    Object.assign(it, { abort: new AbortController(), busy: false, deep: false, want: { first: true, more: false, refs: new Set() } });
    setLoading(true);
    show([], '');
    void work();
    return () => it.abort.abort();
  }, [key]);
  useEffect(() => {
    if (changed.n === 0) return;
    it.want.first = true;
    for (const r of changed.refs) it.want.refs.add(r);
    void work();
  }, [changed.n]);
  return { rows, next, failed, loading, more: () => { it.want.more = true; void work(); } };
}
