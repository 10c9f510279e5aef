// What holds for the company as a whole: its clock, its limits, its queue.
import { html, useState } from '../assets/vendor.js';
import { ago, Confirm, day, Dialog, Empty, span, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { useRead, v1 } from './mock.js';

/** @param {{page: import('./main.js').Page}} props */
export function Strip({ page }) {
  const { company, act } = page;
  const [busy, setBusy] = useState(false);
  const [planned, setPlanned] = useState(false);
  const [resetting, setResetting] = useState(false);
  const limits = useRead(v1('limits', { company }), `${Math.floor(page.mock.changes / 3)} ${Math.floor(page.now / 4000)}`).value;
  const move = (/** @type {string} */ what, /** @type {string} */ path, /** @type {unknown} */ body) => async () => {
    setBusy(true);
    await act(what, v1('clock/' + path, { company }), { body });
    setBusy(false);
  };
  const stands = page.rate === 0;
  const end = limits?.windowEnds ? Date.parse(limits.windowEnds) - page.time : 0;
  return html`<section class="sheet pad row strip" aria-label="Clock, limits and queue of the company">
    <span class="mono" title="The company's clock">${day(new Date(page.time).toISOString()).replace(/\.\d+$/, '')}</span>
    <${State} tone=${stands ? 'held' : 'run'} word=${stands ? 'clock stands' : page.rate === 1 ? 'clock runs' : `clock runs ×${page.rate}`} />
    <div class="row" role="group" aria-label="Clock">
      ${stands ? html`<button onClick=${move('Run the clock', 'run', {})}>Run</button>` : html`<button onClick=${move('Freeze the clock', 'freeze', undefined)}>Freeze</button>`}
      ${[['+1 min', '1m'], ['+1 h', '1h'], ['+24 h', '24h']].map(([name, by]) => html`<button key=${by} disabled=${busy} onClick=${move('Clock ' + name, 'advance', { by })}>${name}</button>`)}
      <button disabled=${busy} onClick=${move('Clock to the next thing that is due', 'step', undefined)} title="To the next thing that is due">Next</button>
      <button onClick=${() => setPlanned(true)}>Planned…</button>
    </div>
    ${resetting && html`<${Confirm} title=${`Let company ${company} begin anew?`} word="Reset it" danger onClose=${() => setResetting(false)}
      onYes=${async () => { await call(v1(`companies/${encodeURIComponent(company)}/reset`), { method: 'POST' }); page.say('The company has begun anew'); page.fresh(); }}>
      <p>Operations, deliveries, journal, clock, invoices and settings are what they were when the mock started. What is under way is cancelled.</p></${Confirm}>`}
    ${planned && html`<${Planned} page=${page} onClose=${() => setPlanned(false)} />`}
    ${limits && limits.limit > 0 && html`<div class="used"><span class="small">${limits.used} of ${limits.limit} calls${end > 0 ? ` · new window in ${span(end)}` : ''}</span>
      <meter aria-label="Calls of the limit that are used" min="0" max=${limits.limit} high=${limits.limit * 0.9} optimum="0" value=${Math.min(limits.used, limits.limit)}></meter></div>`}
    <div class="row" role="group" aria-label="Queue">${page.paused
    ? html`<${State} tone="held" word="queue paused" /><button onClick=${() => act('Start the next operation', v1('queue/next', { company }))}>Start next</button><button onClick=${() => act('Resume the queue', v1('queue/resume', { company }))}>Resume queue</button>`
    : html`<button onClick=${() => act('Pause the queue', v1('queue/pause', { company }))}>Pause queue</button>`}<button class="danger" onClick=${() => setResetting(true)}>Reset…</button></div>
  </section>`;
}

/** @param {{page: import('./main.js').Page, onClose: () => void}} props */
function Planned({ page, onClose }) {
  const { value, failed } = useRead(v1('clock', { company: page.company }), page.mock.changes);
  return html`<${Dialog} title="What is planned" onClose=${onClose}>
    ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
    ${value?.busy.length > 0 && html`<p>Under way: ${value.busy.join(', ')}</p>`}
    ${value && (value.planned.length === 0 ? html`<${Empty} title="Nothing is planned" />` : html`<div class="scroll"><table><tbody>
      ${value.planned.slice(0, 50).map((/** @type {any} */ p, /** @type {number} */ i) => html`<tr key=${i}><td class="num">${ago(p.due, Date.parse(value.now))}</td><td>${p.what}</td></tr>`)}</tbody></table></div>
      ${value.plannedCount > 50 && html`<p class="soft">and ${value.plannedCount - 50} more</p>`}`)}
  </${Dialog}>`;
}
