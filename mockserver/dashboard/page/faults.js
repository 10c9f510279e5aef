// Rules that disturb: what each has hit, on and off, and a form for a new one.
import { html, useState } from '../assets/vendor.js';
import { clock, Empty, message, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { to } from '../assets/place.js';
import { useRead, v1 } from './mock.js';

/** @typedef {{name: string, rule: any, isPartial?: boolean, matches: number, hits: number}} Fault */

// What is asked for most, by where it happens; docs/faults.md has everything.
/** @type {[string, string, Record<string, any>][]} */
const kinds = [
  ['Intake answers 503', 'intake', { status: 503 }],
  ['Intake answers 429, retry after 30 s', 'intake', { status: 429, retryAfter: '30s' }],
  ['The 202 is lost', 'intake', { process: true, drop: true }],
  ['The connection breaks before it is accepted', 'intake', { drop: true }],
  ['The token is refused', 'auth', { status: 401 }],
  ['No token is given', 'token', { status: 503 }],
  ['Polls answer 503', 'state', { status: 503 }],
  ['The operation seems to run for ever', 'state', { stuck: true }],
  ['An unknown status word', 'state', { set: { status: 'Archived' } }],
  ['The content breaks off', 'content', { cutAfter: 100 }],
  ['A foreground call answers 500', 'foreground', { status: 500 }],
  ['The operation starts 5 min late', 'queue', { hold: '5m' }],
  ['The machinery fails', 'queue', { fail: 'out of disk' }],
  ['A worker dies with it', 'queue', { deaths: 1 }],
  ['The notification is lost', 'notification', { drop: true }],
  ['The notification comes 1 min late', 'notification', { delay: '1m' }],
];
const points = ['intake', 'auth', 'token', 'foreground', 'state', 'content', 'queue', 'notification'];

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Faults({ page }) {
  const { company } = page;
  const rules = useRead(v1('faults', { company }), page.mock.changes);
  const hits = useRead(v1('hits', { company, limit: 200 }), page.mock.changes);
  const [off, setOff] = useState(kept());
  const keep = (/** @type {any[]} */ list) => {
    setOff(list);
    try {
      sessionStorage.setItem('erpmock.off', JSON.stringify(list));
    } catch {
      // the browser keeps nothing for this page
    }
  };
  const turnOff = async (/** @type {Fault} */ f) => {
    if (!await page.act(`Turn ${f.name} off`, v1('faults/' + encodeURIComponent(f.name)), { method: 'DELETE' })) return;
    if (!f.isPartial) keep([...off.filter((r) => r.name !== f.name), { ...f.rule, name: f.name }]);
    rules.again();
  };
  const turnOn = async (/** @type {any} */ rule) => {
    if (!await page.act(`Turn ${rule.name} on`, v1('faults'), { body: { rules: [rule] } })) return;
    keep(off.filter((r) => r !== rule));
    rules.again();
  };
  const list = /** @type {Fault[]} */ (rules.value?.faults ?? []);
  const cells = (/** @type {any} */ rule) => html`<td>${rule.on}${rule.method || rule.path ? html`<div class="soft small mono">${rule.method} ${rule.path}</div>` : ''}${rule.company ? '' : html`<div class="soft small">all companies</div>`}</td>
    <td class="mono">${JSON.stringify(rule.do)}<div class="soft">${which(rule)}</div></td>`;
  const recent = [...(hits.value?.hits ?? [])].reverse();
  return html`<div class="stack">
    <section class="sheet" aria-label="Rules"><header><h2>Faults</h2><span class="soft small">The first rule that hits is obeyed.</span></header>
      ${rules.failed && html`<p class="note bad pad" role="alert">${rules.failed}</p>`}
      ${!rules.value ? html`<${Empty} title="Loading…" />` : list.length + off.length === 0 ? html`<${Empty} title="Nothing is disturbed"><p>Add a rule below, or start the mock with <code>--faults rules.json</code>.</p></${Empty}>`
    : html`<div class="scroll"><table><thead><tr><th>Rule</th><th>Where</th><th>What</th><th class="num">Matched</th><th class="num">Hit</th><th></th></tr></thead><tbody>
        ${list.map((f) => html`<tr key=${f.name}><td><${State} tone="doubt" word=${f.name} /></td>${cells(f.rule)}<td class="num">${f.matches}</td><td class="num">${f.hits}</td>
          <td><button onClick=${() => turnOff(f)}>${f.isPartial ? 'Remove' : 'Turn off'}</button></td></tr>`)}
        ${off.map((r) => html`<tr key=${'off ' + r.name}><td><${State} tone="gone" word=${r.name} /></td>${cells(r)}<td class="num soft" colspan="2">off</td>
          <td><div class="row"><button onClick=${() => turnOn(r)}>Turn on</button><button class="quiet" onClick=${() => keep(off.filter((o) => o !== r))}>Forget</button></div></td></tr>`)}
      </tbody></table></div>`}</section>
    <${Add} page=${page} onAdded=${rules.again} />
    <section class="sheet" aria-label="Hits"><header><h2>What was disturbed</h2></header>
      ${hits.failed && html`<p class="note bad pad" role="alert">${hits.failed}</p>`}
      ${recent.length === 0 ? html`<p class="pad soft">Nothing yet.</p>` : html`<div class="scroll"><table><thead><tr><th>When</th><th>Rule</th><th>At</th><th>Call</th></tr></thead><tbody>
        ${recent.map((/** @type {import('./words.js').Hit} */ h, /** @type {number} */ i) => html`<tr key=${i}><td>${clock(h.time)}</td><td>${h.rule}, match ${h.match}</td><td>${h.point}</td>
          <td>${h.operationId ? html`<a href=${to(['operations', h.operationId], { company })}>${h.method} ${h.path}</a>` : `${h.method} ${h.path}`}</td></tr>`)}</tbody></table></div>`}</section>
  </div>`;
}

/** @param {any} rule */
function which(rule) {
  const { after, every, probability, times, perOperation, between } = rule;
  return [times && `${times} times at most`, after && `after ${after}`, every && `one in ${every}`, probability && `with a chance of ${probability}`, perOperation && 'for each operation', between && `between ${between.from ?? '0'} and ${between.to ?? 'the end'}`].filter(Boolean).join(', ');
}

/** Rules that were turned off on this page. */
function kept() {
  try {
    return /** @type {any[]} */ (JSON.parse(sessionStorage.getItem('erpmock.off') ?? '[]'));
  } catch {
    return [];
  }
}

/** @param {{page: import('./main.js').Page, onAdded: () => void}} props */
function Add({ page, onAdded }) {
  const [kind, setKind] = useState(0);
  const [f, setF] = useState({ name: '', on: kinds[0][1], path: '', times: '', act: JSON.stringify(kinds[0][2]), all: false });
  const [failed, setFailed] = useState('');
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => setF({ ...f, [name]: e.target.type === 'checkbox' ? e.target.checked : e.target.value });
  const choose = (/** @type {any} */ e) => {
    const [, on, act] = kinds[setKind(Number(e.target.value)), Number(e.target.value)];
    setF({ ...f, on, act: JSON.stringify(act) });
  };
  const add = async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      let what;
      try {
        what = JSON.parse(f.act);
      } catch (err) {
        throw new Error(`What happens is no JSON: ${message(err)}`);
      }
      const rule = { on: f.on, do: what, ...(f.name && { name: f.name }), ...(f.path && { path: f.path }), ...(f.times && { times: Number(f.times) }), ...(!f.all && { company: page.company }) };
      const added = await call(v1('faults'), { method: 'POST', body: { rules: [rule] } });
      setFailed('');
      page.say(`${added.faults[0].name} was added`);
      onAdded();
    } catch (err) {
      setFailed(message(err));
    }
  };
  return html`<section class="sheet" aria-label="New rule"><header><h2>Disturb something</h2></header><form class="pad stack" onSubmit=${add}>
    <div class="row">
      <label class="field">What goes wrong<select value=${kind} onChange=${choose}>${kinds.map(([name], i) => html`<option key=${name} value=${i}>${name}</option>`)}</select></label>
      <label class="field">Where<select value=${f.on} onChange=${set('on')}>${points.map((p) => html`<option key=${p} value=${p}>${p}</option>`)}</select></label>
      <label class="field">Times at most<input type="number" min="1" size="6" placeholder="always" value=${f.times} onInput=${set('times')} /></label>
      <label class="field">Path<input placeholder="/v1/customerinvoice/{number}" value=${f.path} onInput=${set('path')} /></label>
      <label class="field">Name<input placeholder="rule-1" value=${f.name} onInput=${set('name')} /></label>
    </div>
    <label class="field">What happens, as JSON<textarea rows="2" value=${f.act} onInput=${set('act')}></textarea></label>
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    <div class="row"><button class="main" type="submit">Add the rule</button><label><input type="checkbox" checked=${f.all} onChange=${set('all')} /> for all companies</label></div>
  </form></section>`;
}
