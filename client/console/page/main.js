// The operators' page: where somebody is decides what is shown.
import { html, render, useEffect, useRef, useState } from '../assets/vendor.js';
import { Dialog, Empty, Frame, message, useNow, useToasts } from '../assets/ui.js';
import { call, Live } from '../assets/live.js';
import { to, usePlace } from '../assets/place.js';
import { Overview } from './overview.js';
import { Operations } from './operations.js';
import { Dead } from './dead.js';
import { Sequences } from './sequences.js';

/**
 * @typedef {{title: string, tenant: string, name: string, canAct: boolean, readOnly: boolean, phases: string[]}} Session
 * @typedef {{n: number, refs: string[], all: boolean}} Changes what changed last; n grows
 * @typedef {{session: Session, now: number, changes: number, changed: Changes, say: (text: string, bad?: boolean) => void, fresh: () => void}} Page
 */

const places = /** @type {const} */ ([['overview', 'Overview'], ['operations', 'Operations'], ['dead', 'Dead letters'], ['sequences', 'Sequences']]);

function App() {
  const place = usePlace();
  const now = useNow();
  const { say, view } = useToasts();
  const [session, setSession] = useState(/** @type {Session|null} */ (null));
  const [failed, setFailed] = useState('');
  const [changed, setChanged] = useState(/** @type {Changes} */ ({ n: 0, refs: [], all: true }));
  const [state, setState] = useState(/** @type {[import('../assets/live.js').Connection, string]} */ (['connecting', '']));
  const [help, setHelp] = useState(false);
  const live = useRef(/** @type {Live|null} */ (null));
  const tell = (/** @type {string[]} */ refs, /** @type {boolean} */ all) => setChanged((c) => ({ n: c.n + 1, refs, all }));
  const fresh = () => tell([], true);

  useEffect(() => {
    call('api/session').then((/** @type {Session} */ s) => {
      setSession(s);
      document.title = s.title;
    }, (e) => setFailed(message(e)));
    const l = new Live(() => 'api/events', (event, data) => {
      if (event === 'hello') fresh(); // it may have missed something
      else if (event === 'changed') tell(data.refs ?? [], data.all);
    }, (s, why) => setState([s, why]));
    live.current = l;
    return () => l.close();
  }, []);
  useEffect(() => {
    const keys = (/** @type {KeyboardEvent} */ e) => {
      const typing = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
      if (typing || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
      const n = Number(e.key);
      if (n >= 1 && n <= places.length) location.hash = to([places[n - 1][0]]);
      else if (e.key === '/') /** @type {HTMLElement|null} */ (document.querySelector('input[type=search]'))?.focus();
      else if (e.key === 'p') toggle();
      else if (e.key === '?') setHelp(true);
      else return;
      e.preventDefault();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  });
  const toggle = () => (state[0] === 'paused' ? live.current?.resume() : live.current?.pause());

  if (failed) return html`<main id="main"><${Empty} title="This page cannot be shown"><p role="alert">${failed}</p><button class="main" onClick=${() => location.reload()}>Try again</button></${Empty}></main>`;
  if (!session) return html`<main id="main"><${Empty} title="Loading…" /></main>`;
  const at = place.path[0] ?? 'overview';
  /** @type {Page} */
  const page = { session, now, changes: changed.n, changed, say, fresh };
  const words = { connecting: 'Connecting…', live: 'Live', paused: 'Paused', lost: 'Connection lost; it is tried again' };
  const end = html`<span class="live ${state[0] === 'connecting' ? 'lost' : state[0]}" role="status" title=${state[1]}>${words[state[0]]}</span>
    <button aria-pressed=${state[0] === 'paused'} onClick=${toggle} title="p">${state[0] === 'paused' ? 'Go on' : 'Pause'}</button>
    <span class="soft small wide">${session.name}${session.canAct ? '' : ' · may look only'}</span>
    <button class="quiet" aria-label="Keys" onClick=${() => setHelp(true)}>?</button>`;
  return html`<${Frame} title=${html`${session.title} <span class="tag">${session.tenant}</span>`} end=${end}
      places=${places.map(([name, title]) => ({ name: title, href: to([name]), here: at === name }))}>
    ${at === 'operations' ? html`<${Operations} page=${page} place=${place} />`
    : at === 'dead' ? html`<${Dead} page=${page} place=${place} />`
    : at === 'sequences' ? html`<${Sequences} page=${page} />`
    : html`<${Overview} page=${page} />`}
    ${help && html`<${Dialog} title="Keys" onClose=${() => setHelp(false)}><dl class="facts">
      <dt><kbd>1</kbd>–<kbd>4</kbd></dt><dd>places</dd><dt><kbd>/</kbd></dt><dd>search</dd><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous row, in a list</dd>
      <dt><kbd>Enter</kbd></dt><dd>open the row</dd><dt><kbd>Esc</kbd></dt><dd>close</dd><dt><kbd>p</kbd></dt><dd>pause what is live</dd></dl></${Dialog}>`}
    ${view}
  </${Frame}>`;
}

const root = document.getElementById('root');
if (root) {
  root.textContent = '';
  root.style.display = 'contents';
  render(html`<${App} />`, root);
}
