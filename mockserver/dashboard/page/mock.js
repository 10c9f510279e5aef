// What the page knows of one company of the mock, as it changes.
import { useEffect, useRef, useState } from '../assets/vendor.js';
import { call, Live } from '../assets/live.js';

/** @typedef {import('./words.js').Operation} Operation */
/** @typedef {import('./words.js').Entry} Entry */
/** @typedef {{company: string, isDefault: boolean, now: string, rate: number, paused: boolean, operations: number}} Company */

const pageOf = 1000; // operations that are read at a time
const together = 100; // ms: changes are shown together

/**
 * A path of the control, with a query of what is not empty.
 * @param {string} path @param {Record<string, string|number|undefined>} [query]
 */
export function v1(path, query = {}) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') q.set(name, String(value));
  return `v1/${path}${q.size ? '?' + q : ''}`;
}

/** How far an operation is; what is told later replaces only what is not farther. */
const farness = (/** @type {Operation} */ op) => (op.state === 'Expired' ? 4 : op.ended ? 3 : op.started ? 1 + Math.min(op.attempts, 99) / 100 : 0);

/**
 * The operations of a company, oldest first, kept true by the stream of its journal.
 * Changes grows with what happens.
 * @param {string} company empty: none yet
 */
export function useMock(company) {
  const ops = useRef(/** @type {Map<string, Operation>} */ (new Map()));
  const [changes, setChanges] = useState(0);
  const [loaded, setLoaded] = useState(false);
  const [failed, setFailed] = useState('');
  const [state, setState] = useState(/** @type {[import('../assets/live.js').Connection, string]} */ (['connecting', '']));
  const live = useRef(/** @type {Live|null} */ (null));
  const timer = useRef(0);
  const tell = () => {
    timer.current ||= setTimeout(() => { timer.current = 0; setChanges((n) => n + 1); }, together);
  };
  const put = (/** @type {Operation} */ op) => {
    const had = ops.current.get(op.id);
    if (!had || farness(op) >= farness(had)) ops.current.set(op.id, op);
  };

  useEffect(() => {
    if (!company) return;
    let asked = 0, closed = false;
    ops.current = new Map();
    setLoaded(false);
    const load = async () => {
      const mine = ++asked;
      const all = /** @type {Operation[]} */ ([]);
      try {
        for (let cursor = ''; ;) {
          const page = await call(v1('operations', { company, cursor, limit: pageOf }));
          all.push(...page.operations);
          if (!(cursor = page.next ?? '')) break;
        }
      } catch (e) {
        if (!closed) setFailed(e instanceof Error ? e.message : String(e));
        return;
      }
      if (closed || mine !== asked) return;
      const later = ops.current; // what the stream told meanwhile
      ops.current = new Map(all.map((op) => [op.id, op]));
      for (const op of later.values()) if (ops.current.has(op.id) || Date.parse(op.received) >= Date.parse(all.at(-1)?.received ?? '')) put(op);
      setFailed('');
      setLoaded(true);
      tell();
    };
    const l = new Live(() => v1('journal/stream', { company }), (event, data) => {
      if (event === 'restarted' || event === 'dropped') return void (ops.current.clear(), load());
      const e = /** @type {Entry} */ (data);
      if (e.operation) put(e.operation);
      tell();
    }, (s, why) => {
      setState([s, why]);
      if (s === 'live') void load();
    });
    live.current = l;
    return () => { closed = true; l.close(); };
  }, [company]);

  return {
    ops: ops.current, changes, loaded, failed, state,
    put: (/** @type {Operation} */ op) => { ops.current.set(op.id, op); tell(); },
    tell,
    toggle: () => (state[0] === 'paused' ? live.current?.resume() : live.current?.pause()),
  };
}

/**
 * What a call answers, read anew when one of deps changes; what was shown stays
 * until newer is there.
 * @param {string} path @param {any[]} deps
 */
export function useRead(path, deps) {
  const [value, set] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState('');
  const [again, setAgain] = useState(0);
  useEffect(() => {
    if (!path) return;
    const abort = new AbortController();
    call(path, { signal: abort.signal }).then((v) => { set(v); setFailed(''); }, (e) => abort.signal.aborted || setFailed(e instanceof Error ? e.message : String(e)));
    return () => abort.abort();
  }, [path, again, ...deps]);
  return { value, set, failed, again: () => setAgain((n) => n + 1) };
}
