// What happened, newest first, with a search; and what just happened as a file.
import { html, useEffect, useRef, useState } from '../assets/vendor.js';
import { Body, clock, Copy, day, Dialog, Empty, Json, message, State } from '../assets/ui.js';
import { List } from '../assets/list.js';
import { call } from '../assets/live.js';
import { filter, to } from '../assets/place.js';
import { useFresh, v1 } from './mock.js';
import { Headers } from './one.js';
import { curlOf, told } from './words.js';

/** @typedef {import('./words.js').Entry} Entry */

const most = 10000; // entries that are shown
const pageOf = 1000;

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Journal({ page, place }) {
  const get = (/** @type {string} */ name) => place.query.get(name) ?? '';
  const text = get('text'), kind = get('kind');
  const { rows, failed, loading, dropped } = useJournal(page, text, kind);
  const [open, setOpen] = useState(/** @type {Entry|null} */ (null));
  const [saving, setSaving] = useState(false);
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => filter(place, { [name]: e.target.value });
  return html`<section class="sheet" aria-label="Journal">
    <header role="search"><input type="search" aria-label="Search in everything that happened" placeholder="Search  /" value=${text} onInput=${set('text')} />
      <label><span class="visually-hidden">Kind</span><select value=${kind} onChange=${set('kind')}><option value="">Everything</option>${['request', 'accepted', 'started', 'ended', 'attempt', 'fault', 'clock'].map((k) => html`<option key=${k} value=${k}>${k}</option>`)}</select></label>
      <button onClick=${() => setSaving(true)}>Save what just happened…</button>
      <span class="end soft small" role="status">${loading ? 'Loading…' : `${rows.length} entries${dropped ? `, ${dropped} older ones are forgotten` : ''}`}</span></header>
    ${failed && html`<p class="note bad pad" role="alert">${failed}</p>`}
    <${List} label="Journal" rows=${rows} id=${(/** @type {Entry} */ e) => String(e.seq)} selected=${open ? String(open.seq) : ''} columns=${columns} onOpen=${setOpen}
      empty=${!loading && html`<${Empty} title=${text || kind ? 'Nothing of that kind happened' : 'Nothing happened yet'}><p>What is asked of this page and of the control is not in the journal.</p></${Empty}>`} />
    ${open && html`<${Whole} e=${open} company=${page.company} onClose=${() => setOpen(null)} />`}
    ${saving && html`<${Save} company=${page.company} onClose=${() => setSaving(false)} />`}
  </section>`;
}

const columns = /** @type {import('../assets/list.js').Column<Entry>[]} */ ([
  { name: 'Time', width: '7rem', show: (e) => html`<time datetime=${e.time} title=${day(e.time)}>${clock(e.time)}</time>` },
  { name: 'Kind', width: '6.5rem', show: (e) => html`<${State} tone=${told(e)[0]} word=${e.kind} />` },
  { name: 'What', width: 'minmax(10rem, 3fr)', show: (e) => told(e)[1] },
  { name: 'More', width: 'minmax(6rem, 2fr)', wide: true, show: (e) => told(e)[2] },
  { name: 'Operation', width: 'minmax(6rem, 1fr)', wide: true, show: (e) => html`<span class="mono">${e.operationId ?? ''}</span>` },
]);

/**
 * The entries that fit, newest first; what is new is read behind what is there.
 * @param {import('./main.js').Page} page @param {string} text @param {string} kind
 */
function useJournal(page, text, kind) {
  const at = useRef({ key: '', next: 0, dropped: 0, list: /** @type {Entry[]} */ ([]) });
  const key = JSON.stringify([text, kind]);
  const { value, failed } = useFresh(key, page.mock.changes, async (signal) => {
    let it = at.current.key === key ? at.current : { key, next: 0, dropped: 0, list: /** @type {Entry[]} */ ([]) };
    for (;;) {
      const v = await call(v1('journal', { company: page.company, text, kind, after: it.next, limit: pageOf }), { signal });
      it = { key, next: v.next, dropped: it.next === 0 ? v.dropped : it.dropped, list: [...it.list, ...v.entries].slice(-most) };
      if (v.entries.length === pageOf) continue;
      at.current = it;
      return { key, dropped: it.dropped, rows: it.list.map((e) => page.mock.answered.get(e.seq) ?? e).reverse() };
    }
  });
  const isOld = value?.key !== key;
  return { rows: isOld ? [] : value?.rows ?? [], failed, loading: isOld && !failed, dropped: value?.dropped ?? 0 };
}

/** @param {{e: Entry, company: string, onClose: () => void}} props */
function Whole({ e, company, onClose }) {
  const [, what, more] = told(e);
  const { request: r } = e;
  return html`<${Dialog} title=${`${e.kind}, ${day(e.time)}`} onClose=${onClose}>
    <p><b>${what}</b> ${more}</p>
    ${e.operationId && html`<p><a href=${to(['operations', e.operationId], { company })} onClick=${onClose}>Operation ${e.operationId}</a></p>`}
    ${r ? html`<div class="row"><${Copy} text=${curlOf(r)} label="Copy as curl" /></div><${Headers} headers=${r.headers} /><${Body} label="its body" size=${(r.body ?? '').length} load=${() => r.body ?? (r.bodyBase64 ? `base64: ${r.bodyBase64}` : '')} />`
    : e.attempt?.headers ? html`<${Headers} headers=${e.attempt.headers} />` : html`<${Json} text=${JSON.stringify(e.operation ?? e.hit ?? e.move ?? e.attempt ?? {})} />`}
  </${Dialog}>`;
}

/** @param {{company: string, onClose: () => void}} props */
function Save({ company, onClose }) {
  const [format, setFormat] = useState('scenario');
  const [text, setText] = useState('');
  const [failed, setFailed] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    setText('');
    fetch(v1('journal/export', { company, format }), { signal: abort.signal, cache: 'no-store' }).then(async (resp) => {
      const got = await resp.text();
      if (!resp.ok) throw new Error(got);
      setText(got);
      setFailed('');
    }).catch((e) => abort.signal.aborted || setFailed(message(e)));
    return () => abort.abort();
  }, [format]);
  const names = /** @type {Record<string, string>} */ ({ scenario: 'what-happened.yaml', go: 'happened_test.go', curl: 'what-happened.sh' });
  const download = () => {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    a.download = names[format];
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  };
  return html`<${Dialog} title="Save what just happened" onClose=${onClose}>
    <div class="row" role="group" aria-label="As what">${[['scenario', 'Scenario'], ['go', 'Go test'], ['curl', 'curl']].map(([value, name]) => html`<button key=${value} aria-pressed=${format === value} onClick=${() => setFormat(value)}>${name}</button>`)}</div>
    <p class="soft">No credentials are in it. ${format === 'scenario' ? 'erpmock run carries it out.' : ''}</p>
    ${failed ? html`<p class="note bad" role="alert">${failed}</p>` : html`<div class="row"><button class="main" disabled=${!text} onClick=${download}>Download ${names[format]}</button>${text && html`<${Copy} text=${text} label="Copy" />`}</div>
      <div class="json" tabindex="0" role="region" aria-label="The file"><pre>${text || 'Loading…'}</pre></div>`}
  </${Dialog}>`;
}
