// What the pages are made of: states, times, JSON, dialogs and the frame around it
// all. Nothing here makes HTML of text.
import { html, useEffect, useMemo, useRef, useState, Fragment } from './vendor.js';

/** @typedef {'wait'|'run'|'good'|'bad'|'doubt'|'held'|'gone'} Tone */

// Each tone has a shape of its own, for those who do not tell colours apart.
/** @type {Record<Tone, string>} */
const shapes = {
  wait: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Zm0 1.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z',
  run: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 1.6v8.8a4.4 4.4 0 0 1 0-8.8Z',
  good: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Zm-.9 8.9L4.3 7.9l1.1-1.1 1.7 1.7 3.6-3.6 1.1 1.1-4.7 4.7Z',
  bad: 'M2.5 2.5h11v11h-11v-11Zm2.4 3.5 2 2-2 2 1.1 1.1 2-2 2 2 1.1-1.1-2-2 2-2L10 4.9l-2 2-2-2L4.9 6Z',
  doubt: 'M8 1 15 8l-7 7-7-7 7-7Zm-.8 9.4v1.5h1.6v-1.5H7.2ZM6 6.6h1.4c0-.5.2-.8.7-.8s.7.3.7.7c0 .4-.3.6-.7.9-.6.4-.9.8-.9 1.6h1.5c0-.3.2-.5.6-.8.6-.4 1-.9 1-1.8 0-1.2-.9-1.9-2.1-1.9-1.3 0-2.2.8-2.2 2.1Z',
  held: 'M3 2.5h3.6v11H3v-11Zm6.4 0H13v11H9.4v-11Z',
  gone: 'M3 7.2h10v1.6H3z',
};

/**
 * A state: a word with a shape and a colour.
 * @param {{tone: Tone, word: string, title?: string}} props
 */
export function State({ tone, word, title }) {
  return html`<span class="state ${tone}" title=${title}><${Mark} tone=${tone} />${word}</span>`;
}

/** @param {{tone: Tone}} props */
export function Mark({ tone }) {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true" fill="currentColor"><path fill-rule="evenodd" d=${shapes[tone]} /></svg>`;
}

/**
 * How long a time is, in its two largest units.
 * @param {number} ms
 */
export function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(ms)} ms`;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/**
 * How long ago a moment is, or in how long it will be.
 * @param {string|undefined} iso @param {number} now
 */
export function ago(iso, now) {
  if (!iso) return '–';
  const ms = now - Date.parse(iso);
  return ms < -500 ? `in ${span(-ms)}` : `${span(ms)} ago`;
}

/** @param {string|undefined} iso */
export function clock(iso) {
  if (!iso) return '–';
  const d = new Date(iso);
  return Number.isNaN(d.getTime()) ? iso : d.toLocaleTimeString(undefined, { hour12: false }) + '.' + String(d.getMilliseconds()).padStart(3, '0');
}

/** @param {string|undefined} iso */
export function day(iso) {
  if (!iso) return '–';
  const d = new Date(iso);
  return Number.isNaN(d.getTime()) ? iso : `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')} ${clock(iso)}`;
}

/**
 * A moment: how long ago, with the whole of it on demand.
 * @param {{at?: string, now: number}} props
 */
export function When({ at, now }) {
  return html`<time datetime=${at} title=${day(at)}>${ago(at, now)}</time>`;
}

/** The time now, once a second while the page is seen. */
export function useNow() {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/**
 * JSON as a tree that folds, and anything else as the text that it is.
 * @param {{text: string, open?: number}} props
 */
export function Json({ text, open = 2 }) {
  const value = useMemo(() => {
    try {
      // Numbers are shown as they are written: amounts of money are among them.
      const written = (/** @type {string} */ _, /** @type {any} */ v, /** @type {any} */ context) => (typeof v === 'number' && context?.source ? new Written(context.source) : v);
      return { ok: true, v: JSON.parse(text, /** @type {any} */ (written)) };
    } catch {
      return { ok: false, v: null };
    }
  }, [text]);
  if (!value.ok) return html`<div class="json" tabindex="0"><pre>${text}</pre></div>`;
  return html`<div class="json" tabindex="0" role="group" aria-label="JSON"><${Node} value=${value.v} open=${open} /></div>`;
}

class Written {
  /** @param {string} source */
  constructor(source) {
    this.source = source;
  }
}

/** How many members of an object or an array are shown before somebody asks. */
const firstMembers = 200;

/** @param {{name?: string, value: any, open: number}} props */
function Node({ name, value, open }) {
  const [all, setAll] = useState(false);
  const label = name === undefined ? null : html`<span class="key">${name}</span>${': '}`;
  if (value === null || typeof value !== 'object' || value instanceof Written) {
    const kind = value instanceof Written || typeof value === 'number' ? 'number' : typeof value === 'string' ? 'text' : 'word';
    return html`<div class="leaf">${label}<span class=${kind}>${value instanceof Written ? value.source : JSON.stringify(value)}</span></div>`;
  }
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const shown = all ? entries : entries.slice(0, firstMembers);
  if (entries.length === 0) return html`<div class="leaf">${label}${list ? '[]' : '{}'}</div>`;
  return html`<details open=${open > 0}>
    <summary>${label}<span class="soft">${list ? `[${entries.length}]` : `{${entries.length}}`}</span></summary>
    ${shown.map(([k, v]) => html`<${Node} key=${k} name=${k} value=${v} open=${open - 1} />`)}
    ${shown.length < entries.length && html`<button class="quiet" onClick=${() => setAll(true)}>${entries.length - shown.length} more</button>`}
  </details>`;
}

/**
 * A body that is hidden until somebody asks for it.
 * @param {{label: string, size?: number, load: () => Promise<string>|string}} props
 */
export function Body({ label, size, load }) {
  const [text, setText] = useState(/** @type {string|null} */ (null));
  const [failed, setFailed] = useState('');
  const show = async () => {
    try {
      setFailed('');
      setText(await load());
    } catch (e) {
      setFailed(message(e));
    }
  };
  if (text === null) {
    return html`<div class="row"><button onClick=${show}>Show ${label}</button>${size !== undefined && html`<span class="soft small">${bytes(size)}</span>`}
      ${failed && html`<span class="state bad" role="alert">${failed}</span>`}</div>`;
  }
  return html`<div class="stack"><div class="row"><button onClick=${() => setText(null)}>Hide ${label}</button><${Copy} text=${text} label="Copy" /></div>
    ${text === '' ? html`<p class="soft">It is empty.</p>` : html`<${Json} text=${text} />`}</div>`;
}

/** @param {number} n */
export function bytes(n) {
  return n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

/** @param {{text: string, label: string}} props */
export function Copy({ text, label }) {
  const [said, say] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } catch {
      say('The browser does not let this page copy');
    }
    setTimeout(() => say(''), 2000);
  };
  return html`<button onClick=${copy}>${said || label}</button><span class="visually-hidden" role="status">${said}</span>`;
}

/** @param {unknown} e */
export function message(e) {
  return e instanceof Error ? e.message : String(e);
}

/**
 * A dialog that Escape closes, and that gives the focus back.
 * @param {{title: string, onClose: () => void, children?: any}} props
 */
export function Dialog({ title, onClose, children }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    ref.current?.showModal();
    return () => before?.focus();
  }, []);
  return html`<dialog ref=${ref} aria-label=${title} onClose=${onClose} onCancel=${onClose}>
    <div><div class="row"><h2>${title}</h2><button class="quiet" style=${{ marginLeft: 'auto' }} aria-label="Close" onClick=${onClose}>✕</button></div>${children}</div>
  </dialog>`;
}

/**
 * Asks before something is done that cannot be undone.
 * @param {{title: string, word: string, danger?: boolean, reason?: boolean, onYes: (reason: string) => Promise<void>|void, onClose: () => void, children?: any}} props
 */
export function Confirm({ title, word, danger, reason, onYes, onClose, children }) {
  const [why, setWhy] = useState('');
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState('');
  const yes = async (/** @type {Event} */ e) => {
    e.preventDefault();
    if (reason && why.trim() === '') return setFailed('Say why: it is kept for those who come after.');
    setBusy(true);
    try {
      await onYes(why);
      onClose();
    } catch (err) {
      setFailed(message(err));
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form class="stack" onSubmit=${yes}>${children}
      ${reason && html`<label class="field">Reason<input name="reason" value=${why} required onInput=${(/** @type {any} */ e) => setWhy(e.target.value)} /></label>`}
      ${failed && html`<p class="note bad" role="alert">${failed}</p>`}
      <div class="row"><button type="submit" class=${danger ? 'danger' : 'main'} disabled=${busy}>${busy ? 'Working…' : word}</button><button type="button" onClick=${onClose}>Cancel</button></div>
    </form>
  </${Dialog}>`;
}

/** @typedef {{id: number, text: string, bad: boolean}} Toast */

/** Short messages at the edge, which screen readers read. */
export function useToasts() {
  const [list, setList] = useState(/** @type {Toast[]} */ ([]));
  const next = useRef(1);
  const say = useMemo(() => (/** @type {string} */ text, bad = false) => {
    const id = next.current++;
    setList((l) => [...l.slice(-3), { id, text, bad }]);
    setTimeout(() => setList((l) => l.filter((t) => t.id !== id)), bad ? 12000 : 4000);
  }, []);
  const view = html`<div class="toasts" role="status" aria-live="polite">${list.map((t) => html`<div key=${t.id} class="toast ${t.bad ? 'bad' : ''}">${t.text}</div>`)}</div>`;
  return { say, view };
}

/**
 * The frame: title, places, what stands at the end of the bar, and the theme.
 * @param {{title: string, places: {name: string, href: string, here: boolean, count?: number}[], end?: any, children?: any}} props
 */
export function Frame({ title, places, end, children }) {
  return html`<${Fragment}>
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>To the content</a>
    <header class="top"><h1>${title}</h1>
      <nav aria-label="Places">${places.map((p) => html`<a key=${p.href} href=${p.href} aria-current=${p.here ? 'page' : undefined}>${p.name}${p.count ? ` ${p.count}` : ''}</a>`)}</nav>
      <div class="end">${end}<${Theme} /></div></header>
    <main id="main" tabindex="-1">${children}</main>
  </${Fragment}>`;
}

function Theme() {
  const [theme, set] = useState(read('theme'));
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    keep('theme', theme);
  }, [theme]);
  return html`<label><span class="visually-hidden">Colours</span><select value=${theme} onChange=${(/** @type {any} */ e) => set(e.target.value)}>
    <option value="">System colours</option><option value="light">Light</option><option value="dark">Dark</option></select></label>`;
}

/** @param {string} name */
function read(name) {
  try {
    return localStorage.getItem(`background.${name}`) ?? '';
  } catch {
    return ''; // the browser keeps nothing for this page
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(`background.${name}`, value);
  } catch {
    // as above
  }
}

/**
 * What is said where there is nothing, with what to do about it.
 * @param {{title: string, children?: any}} props
 */
export function Empty({ title, children }) {
  return html`<div class="empty"><strong>${title}</strong>${children}</div>`;
}
