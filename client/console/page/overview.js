// What is looked at first: what needs a person, how much is open, what the ERP allows.
import { html, useEffect, useState } from '../assets/vendor.js';
import { Empty, message, span, State, When } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { to } from '../assets/place.js';
import { stateOf } from './words.js';

/** @param {{page: import('./main.js').Page}} props */
export function Overview({ page }) {
  const [v, setV] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    call('api/overview', { signal: abort.signal }).then((o) => { setV(o); setFailed(''); }, (e) => abort.signal.aborted || setFailed(message(e)));
    return () => abort.abort();
  }, [page.changes, Math.floor(page.now / 15000)]);
  if (failed) return html`<p class="note bad" role="alert">${failed}</p>`;
  if (!v) return html`<${Empty} title="Loading…" />`;
  const { Pending: p, Person: need, Budget: b, Polls: polls, Outbox: outbox } = v.stats;
  const well = Object.values(v.health).every((s) => s === '');
  const tile = (/** @type {string} */ name, /** @type {number} */ n, /** @type {any} */ query, /** @type {import('../assets/ui.js').Tone} */ tone) => html`<a class="sheet pad tile" href=${to(['operations'], query)}>
    <span class="big ${n ? '' : 'soft'}">${n}</span><${State} tone=${n ? tone : 'gone'} word=${name} /></a>`;
  return html`<div class="stack">
    ${v.notificationsStopped && html`<p class="note doubt" role="alert">Notifications have stopped: the last ${v.stats.Missed} ends of which the ERP was asked to tell were found by polls. Is the subscription still there, and the receiver reached?</p>`}
    ${!well && html`<div class="note bad" role="alert">${Object.entries(v.health).filter(([, s]) => s).map(([name, s]) => html`<div key=${name}><b>${name}</b>: ${s}</div>`)}</div>`}
    <div class="tiles">
      ${tile('uncertain', need.Uncertain, { phase: 'uncertain' }, 'doubt')}${tile('unclear', need.Unclear, { phase: 'unclear' }, 'doubt')}
      ${tile('dead letters', need.Dead, { phase: 'dead' }, 'bad')}${tile('queued', p.Queued, { phase: 'queued' }, 'wait')}${tile('sending', p.Sending, { phase: 'sending' }, 'run')}
      ${tile('at the ERP', p.Accepted, { phase: 'accepted' }, 'run')}${tile('not taken yet', p.Settled, { phase: 'settled' }, 'good')}${tile('expired', p.Expired, { phase: 'expired' }, 'doubt')}
    </div>
    <div class="halves">
      <section class="sheet"><header><h2>Needs a person</h2><a class="end" href=${to(['operations'], { group: 'person' })}>All</a></header>
        <${Few} rows=${v.needs} page=${page} none="Nothing needs a person." /></section>
      <section class="sheet"><header><h2>Pending longest</h2><a class="end" href=${to(['operations'], { group: 'open', order: 'oldest' })}>All</a></header>
        <${Few} rows=${v.oldest} page=${page} none="Nothing is pending." /></section>
      <section class="sheet"><header><h2>What the ERP allows</h2></header><div class="pad stack">
        ${b.Limit > 0 ? html`<div><div class="row"><span>${b.Left} of ${b.Limit} calls left</span><span class="soft small" style=${{ marginLeft: 'auto' }}>next window ${new Date(b.ResetsAt).getTime() > page.now ? 'in ' + span(new Date(b.ResetsAt).getTime() - page.now) : 'now'}</span></div>
          <meter aria-label="Calls left" min="0" max=${b.Limit} low=${b.Limit / 10} optimum=${b.Limit} value=${b.Left}></meter></div>` : html`<p class="soft">The ERP has told of no limit yet.</p>`}
        ${new Date(b.PausedUntil).getTime() > page.now && html`<p class="note doubt">The ERP asked not to be called for ${span(new Date(b.PausedUntil).getTime() - page.now)}.</p>`}
        ${b.Limit > 0 && b.Needed > b.Left && html`<p class="note doubt">At least ${b.Needed} calls are needed for what is open, more than are left: some of it waits for the next window.</p>`}
        ${new Date(outbox.PausedUntil).getTime() > page.now && html`<p class="note bad">The outbox is paused: the ERP refuses the credentials.</p>`}
        <dl class="facts"><dt>Calls made here</dt><dd class="num">${total(b.Calls)}</dd><dt>Waiting for their turn</dt><dd class="num">${total(b.Waiting)}</dd><dt>Answered 429</dt><dd class="num">${b.Limited}</dd>
          <dt>Polls due, soon, later</dt><dd class="num">${polls.Due}, ${polls.Soon}, ${polls.Later}</dd></dl></div></section>
      <section class="sheet"><header><h2>Health</h2></header><div class="pad"><dl class="facts">${Object.entries(v.health).map(([name, s]) => html`<dt key=${name}>${name}</dt><dd><${State} tone=${s ? 'bad' : 'good'} word=${s || 'well'} /></dd>`)}
        <dt>Notifications</dt><dd><${State} tone=${v.notificationsStopped ? 'doubt' : 'good'} word=${v.notificationsStopped ? 'stopped' : v.stats.Missed ? `${v.stats.Missed} missed in a row` : 'as expected'} /></dd>
        <dt>Sequences stopped</dt><dd><a href=${to(['sequences'])}>${need.Sequences}</a></dd></dl></div></section>
      <section class="sheet"><header><h2>How long operations run</h2><span class="soft small">learned by route</span></header>
        ${v.routes.length === 0 ? html`<p class="pad soft">Nothing has been learned yet.</p>` : html`<div class="scroll"><table><thead><tr><th>Route</th><th class="num">Half in</th><th class="num">Nine in ten in</th><th class="num">Of</th></tr></thead>
        <tbody>${v.routes.slice(0, 20).map((/** @type {any} */ r) => html`<tr key=${r.route}><td>${r.route}</td><td class="num">${span(r.median)}</td><td class="num">${span(r.slowest)}</td><td class="num">${r.count}</td></tr>`)}</tbody></table></div>`}</section>
    </div></div>`;
}

/** @param {Record<string, number>} counts */
function total(counts) {
  return Object.values(counts).reduce((a, n) => a + n, 0);
}

/** @param {{rows: import('./words.js').Row[], page: import('./main.js').Page, none: string}} props */
function Few({ rows, page, none }) {
  if (rows.length === 0) return html`<p class="pad soft">${none}</p>`;
  return html`<div class="scroll"><table class="few"><tbody>${rows.map((r) => html`<tr key=${r.ref}><td><${State} tone=${stateOf(r)[0]} word=${stateOf(r)[1]} /></td>
    <td><a href=${to(['operations', r.ref])}>${r.method} ${r.path}</a><div class="soft small">${r.key ?? r.ref}${r.why ? ' · ' + r.why : ''}</div></td><td class="num soft"><${When} at=${r.created} now=${page.now} /></td></tr>`)}</tbody></table></div>`;
}
