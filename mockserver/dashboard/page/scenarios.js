// Scenarios: each runs on a mock of its own, whose days pass in milliseconds.
import { html, useState } from '../assets/vendor.js';
import { Copy, Empty, message, State } from '../assets/ui.js';
import { call } from '../assets/live.js';
import { useRead, v1 } from './mock.js';

/** @typedef {{running?: boolean, passed?: boolean, text: string}} Outcome */

/** @param {{page: import('./main.js').Page, place: import('../assets/place.js').Place}} props */
export function Scenarios({ page }) {
  const { value, failed } = useRead(v1('scenarios'));
  const [outcomes, setOutcomes] = useState(/** @type {Record<string, Outcome>} */ ({}));
  const run = async (/** @type {string} */ name) => {
    const tell = (/** @type {Outcome} */ o) => setOutcomes((all) => ({ ...all, [name]: o }));
    tell({ running: true, text: '' });
    try {
      tell(await call(v1(`scenarios/${encodeURIComponent(name)}/run`), { method: 'POST' }));
    } catch (e) {
      tell({ passed: false, text: message(e) });
    }
  };
  const all = /** @type {{name: string, about: string}[]} */ (value?.scenarios ?? []);
  const runAll = async () => {
    for (const s of all) await run(s.name);
    page.say('All scenarios were run');
  };
  return html`<section class="sheet" aria-label="Scenarios"><header><h2>Scenarios</h2><span class="soft small">Each runs on a mock of its own; nothing changes in this one.</span>
      <div class="end"><button disabled=${all.length === 0} onClick=${runAll}>Run all</button></div></header>
    ${failed && html`<p class="note bad pad" role="alert">${failed}</p>`}
    ${!value ? !failed && html`<${Empty} title="Loading…" />` : all.length === 0 ? html`<${Empty} title="This mock runs no scenarios"><p>erpmock does.</p></${Empty}>`
    : html`<div class="scroll"><table class="scenarios"><tbody>${all.map(({ name, about }) => {
      const o = outcomes[name];
      return html`<tr key=${name}><td><b>${name}</b></td><td>${about}
        ${o && !o.running && html`<details open=${!o.passed}><summary><${State} tone=${o.passed ? 'good' : 'bad'} word=${o.passed ? 'passed' : 'failed'} /></summary><pre>${o.text}</pre><${Copy} text=${o.text} label="Copy" /></details>`}</td>
        <td class="right"><button disabled=${o?.running} aria-label=${'Run ' + name} onClick=${() => run(name)}>${o?.running ? 'Running…' : 'Run'}</button></td></tr>`;
    })}</tbody></table></div>`}
  </section>`;
}
