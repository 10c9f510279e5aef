// The mock's dashboard: where somebody is decides what is shown.
import { html, render, useEffect, useRef, useState } from '../assets/vendor.js';
import { Dialog, Empty, Frame, message, useNow, useToasts } from '../assets/ui.js';
import { call, Refused } from '../assets/live.js';
import { filter, to, usePlace } from '../assets/place.js';
import { useMock, v1 } from './mock.js';
import { Strip } from './strip.js';
import { Operations } from './operations.js';
import { Deliveries } from './deliveries.js';
import { Faults } from './faults.js';
import { Journal } from './journal.js';
import { Contract } from './contract.js';
import { Scenarios } from './scenarios.js';
import { Try } from './try.js';

/**
 * @typedef {{company: string, companies: import('./mock.js').Company[], mock: ReturnType<typeof useMock>, now: number, time: number, rate: number, paused: boolean,
 *   say: (text: string, bad?: boolean) => void, act: (what: string, path: string, how?: {method?: string, body?: unknown}) => Promise<any>, fresh: () => void}} Page
 * time is that of the company's clock, now that of this machine.
 */

/** @type {[string, string, any][]} */
const places = [['operations', 'Operations', Operations], ['deliveries', 'Deliveries', Deliveries], ['faults', 'Faults', Faults], ['journal', 'Journal', Journal],
  ['contract', 'Contract', Contract], ['scenarios', 'Scenarios', Scenarios], ['try', 'Try', Try]];

function App() {
  const [companies, setCompanies] = useState(/** @type {{list: import('./mock.js').Company[], at: number}|null} */ (null));
  const [failed, setFailed] = useState(/** @type {unknown} */ (null));
  const [asked, ask] = useState(0);
  const place = usePlace();
  const now = useNow();
  const company = place.query.get('company') || companies?.list.find((c) => c.isDefault)?.company || companies?.list[0]?.company || '';
  const mock = useMock(companies ? company : '');
  const { say, view } = useToasts();
  const [help, setHelp] = useState(false);
  const paused = mock.state[0] === 'paused';
  const count = companies?.list.find((c) => c.company === company)?.operations ?? 0;
  const had = useRef(0);
  useEffect(() => {
    if (count < had.current) mock.load(); // it was reset
    had.current = count;
  }, [company, count]);
  const beat = Math.floor(now / 2000);
  useEffect(() => {
    if (paused && companies) return;
    const abort = new AbortController();
    call(v1('companies'), { signal: abort.signal }).then((v) => { setCompanies({ list: v.companies, at: Date.now() }); setFailed(null); }, (e) => abort.signal.aborted || setFailed(e));
    return () => abort.abort();
  }, [asked, beat, paused]);
  useEffect(() => {
    const keys = (/** @type {KeyboardEvent} */ e) => {
      const typing = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
      if (typing || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
      const n = Number(e.key);
      if (n >= 1 && n <= places.length) location.hash = to([places[n - 1][0]], here);
      else if (e.key === '/') /** @type {HTMLElement|null} */ (document.querySelector('input[type=search]'))?.focus();
      else if (e.key === 'p') mock.toggle();
      else if (e.key === '?') setHelp(true);
      else return;
      e.preventDefault();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  });

  if (failed instanceof Refused && failed.status === 401) return html`<${SignIn} onDone=${() => { setFailed(null); ask((n) => n + 1); }} />`;
  if (!companies) {
    return html`<main id="main">${failed ? html`<${Empty} title="The mock cannot be asked"><p role="alert">${message(failed)}</p><button class="main" onClick=${() => ask((n) => n + 1)}>Try again</button></${Empty}>` : html`<${Empty} title="Loading…" />`}</main>`;
  }
  const mine = companies.list.find((c) => c.company === company);
  const rate = mine?.rate ?? 1;
  /** @type {Record<string, string>} */
  const here = place.query.has('company') ? { company } : {};
  const fresh = () => { ask((n) => n + 1); mock.tell(); };
  /** @type {Page} */
  const page = {
    company, companies: companies.list, mock, now, rate, paused: mine?.paused ?? false, say, fresh,
    time: mine ? Date.parse(mine.now) + (now > companies.at ? (now - companies.at) * rate : 0) : now,
    act: async (what, path, how = {}) => {
      try {
        const v = await call(path, { method: 'POST', ...how });
        say(`${what}: done`);
        return v ?? true;
      } catch (e) {
        say(`${what}: ${message(e)}`, true);
        return null;
      } finally {
        fresh();
      }
    },
  };
  const at = places.find(([name]) => name === place.path[0]) ?? places[0];
  const [, , View] = at;
  const state = failed ? 'lost' : mock.state[0];
  const words = { connecting: 'Connecting…', live: 'Live', paused: 'Paused', lost: 'Connection lost; it is tried again' };
  const end = html`<label><span class="visually-hidden">Company</span><select value=${company} onChange=${(/** @type {any} */ e) => filter({ path: place.path.slice(0, 1), query: new URLSearchParams() }, { company: e.target.value })}>
      ${companies.list.map((c) => html`<option key=${c.company} value=${c.company}>${c.company}${c.operations ? ` (${c.operations})` : ''}</option>`)}
      ${!mine && company && html`<option value=${company}>${company}</option>`}</select></label>
    <span class="live ${state === 'connecting' ? 'lost' : state}" role="status" title=${mock.state[1]}>${words[state]}</span>
    <button aria-pressed=${paused} onClick=${mock.toggle} title="p">${paused ? 'Go on' : 'Pause'}</button>
    <button class="quiet" aria-label="Keys" onClick=${() => setHelp(true)}>?</button>`;
  return html`<${Frame} title="erpmock" end=${end} places=${places.map(([name, title]) => ({ name: title, href: to([name], here), here: name === at[0] }))}>
    <${Strip} page=${page} />
    <${View} key=${[at[0], company, mock.generation].join(' ')} page=${page} place=${place} />
    ${help && html`<${Dialog} title="Keys" onClose=${() => setHelp(false)}><dl class="facts">
      <dt><kbd>1</kbd>–<kbd>${places.length}</kbd></dt><dd>places</dd><dt><kbd>/</kbd></dt><dd>search</dd><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous row, in a list</dd>
      <dt><kbd>Enter</kbd></dt><dd>open the row</dd><dt><kbd>Esc</kbd></dt><dd>close</dd><dt><kbd>p</kbd></dt><dd>pause what is live</dd></dl></${Dialog}>`}
    ${view}
  </${Frame}>`;
}

/** @param {{onDone: () => void}} props */
function SignIn({ onDone }) {
  const [token, setToken] = useState('');
  const [failed, setFailed] = useState('');
  const open = async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      await call(v1('session'), { method: 'POST', body: { token: token.trim() } });
      onDone();
    } catch (err) {
      setFailed(message(err));
    }
  };
  return html`<main id="main"><form class="sheet pad stack" onSubmit=${open}><h1>erpmock</h1>
    <p>This is not the machine on which the mock runs. It printed a token when it started.</p>
    <label class="field">Token<input type="password" autocomplete="off" required value=${token} onInput=${(/** @type {any} */ e) => setToken(e.target.value)} /></label>
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    <div class="row"><button class="main" type="submit">Sign in</button></div></form></main>`;
}

const element = document.getElementById('root');
if (element) {
  element.textContent = '';
  element.style.display = 'contents';
  render(html`<${App} />`, element);
}
