// A list of any length: only the rows that are seen are in the document.
import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor.js';

/**
 * @template T
 * @typedef {{name: string, width: string, wide?: boolean, number?: boolean, show: (row: T) => any}} Column
 */

const rowHeight = 30; // pixels, see --row
const spare = 12; // rows above and below those that are seen

/**
 * @template T
 * @param {{label: string, rows: T[], columns: Column<T>[], id: (row: T) => string, selected?: string, onOpen: (row: T) => void, onEnd?: () => void, empty?: any}} props
 * onEnd is called when the end of the rows comes into sight.
 */
export function List({ label, rows, columns, id, selected, onOpen, onEnd, empty }) {
  const box = useRef(/** @type {HTMLDivElement|null} */ (null));
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [at, setAt] = useState(0); // the row that keys move
  useLayoutEffect(() => {
    if (!box.current) return;
    const seen = new ResizeObserver(() => box.current && setHeight(box.current.clientHeight));
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    const n = rows.findIndex((r) => id(r) === selected);
    if (n >= 0) setAt(n);
  }, [selected]);
  const narrow = typeof matchMedia !== 'undefined' && matchMedia('(max-width: 40rem)').matches;
  const shown = columns.filter((c) => !(narrow && c.wide));
  const grid = { gridTemplateColumns: shown.map((c) => c.width).join(' ') };
  const from = Math.max(0, Math.floor(top / rowHeight) - spare);
  const until = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + spare);
  useEffect(() => {
    if (onEnd && (top + 2 * height) / rowHeight > rows.length) onEnd();
  }, [top, height, rows.length, onEnd !== undefined]);
  const move = (/** @type {number} */ n) => {
    n = Math.max(0, Math.min(rows.length - 1, n));
    setAt(n);
    const el = box.current;
    if (!el) return;
    if (n * rowHeight < el.scrollTop) el.scrollTop = n * rowHeight;
    else if ((n + 2) * rowHeight > el.scrollTop + el.clientHeight) el.scrollTop = (n + 2) * rowHeight - el.clientHeight;
  };
  const keys = (/** @type {KeyboardEvent} */ e) => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 2);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows.length - 1 };
    if (e.key in steps) move(steps[e.key]);
    else if (e.key === 'Enter' && rows[at]) onOpen(rows[at]);
    else return;
    e.preventDefault();
  };
  const row = (/** @type {T} */ r, /** @type {number} */ n) => html`<div key=${id(r)} id=${'row-' + n} role="option" class="item ${n === at ? 'at' : ''}"
    aria-selected=${id(r) === selected} aria-posinset=${n + 1} aria-setsize=${rows.length} style=${{ ...grid, top: `${(n + 1) * rowHeight}px` }}
    onClick=${() => { setAt(n); onOpen(r); }}>${shown.map((c) => html`<span class=${c.number ? 'num' : ''}>${c.show(r)}</span>`)}</div>`;
  if (rows.length === 0 && empty) return empty;
  return html`<div class="list" ref=${box} role="listbox" aria-label=${label} tabindex="0" aria-activedescendant=${rows.length ? 'row-' + at : undefined}
    onScroll=${(/** @type {any} */ e) => setTop(e.target.scrollTop)} onKeyDown=${keys}>
    <div class="head" style=${grid} role="presentation">${shown.map((c) => html`<span class=${c.number ? 'num' : ''}>${c.name}</span>`)}</div>
    <div style=${{ height: `${rows.length * rowHeight}px` }} role="presentation">${rows.slice(from, until).map((r, i) => row(r, from + i))}</div>
  </div>`;
}
