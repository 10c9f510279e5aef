// What the page knows of one company of the mock, as it changes.
import { useEffect, useRef, useState } from '../assets/vendor.js';
import { message } from '../assets/ui.js';
import { call, Live } from '../assets/live.js';

/** @typedef {import('./words.js').Operation} Operation */
/** @typedef {import('./words.js').Entry} Entry */
/** @typedef {{company: string, isDefault: boolean, now: string, rate: number, paused: boolean, operations: number}} Company */

const pageOf = 1000; // operations that are read at a time
const together = 100; // ms: changes are shown together
const remembered = 5000; // requests whose answers came later

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
 * Changes grows with what happens, generation with each time when all began anew.
 * @param {string} company empty: none yet
 */
export function useMock(company) {
  const ops = useRef(/** @type {Map<string, Operation>} */ (new Map()));
  const answered = useRef(/** @type {Map<number, Entry>} */ (new Map()));
  const [changes, setChanges] = useState(0);
  const [generation, setGeneration] = useState(0);
  const load = useRef(/** @type {() => Promise<void>} */ (async () => {}));
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
    answered.current = new Map();
    setLoaded(false);
    load.current = async () => {
      const mine = ++asked;
      const all = /** @type {Operation[]} */ ([]);
      try {
        for (let cursor = ''; ;) {
          const page = await call(v1('operations', { company, cursor, limit: pageOf }));
          all.push(...page.operations);
          if (!(cursor = page.next ?? '')) break;
        }
      } catch (e) {
        if (!closed) setFailed(message(e));
        return;
      }
      if (closed || mine !== asked) return;
      const later = ops.current; // what the stream told meanwhile
      ops.current = new Map(all.map((op) => [op.id, op]));
      if (later.size > 0 && ![...later.keys()].some((id) => ops.current.has(id))) setGeneration((n) => n + 1);
      for (const op of later.values()) if (ops.current.has(op.id) || Date.parse(op.received) >= Date.parse(all.at(-1)?.received ?? '')) put(op);
      setFailed('');
      setLoaded(true);
      tell();
    };
    const l = new Live(() => v1('journal/stream', { company }), (event, data) => {
      if (event === 'restarted') {
        ops.current = new Map();
        setGeneration((n) => n + 1);
      }
      if (event === 'restarted' || event === 'dropped') return void load.current();
      const e = /** @type {Entry} */ (data);
      if (e.operation) put(e.operation);
      if (event === 'answered') {
        answered.current.set(e.seq, e);
        if (answered.current.size > remembered) answered.current.delete(answered.current.keys().next().value ?? 0);
      }
      tell();
    }, (s, why) => {
      setState([s, why]);
      if (s === 'live') void load.current();
    });
    live.current = l;
    return () => { closed = true; l.close(); };
  }, [company]);

  return {
    ops: ops.current, answered: answered.current, changes, generation, loaded, failed, state,
    put: (/** @type {Operation} */ op) => { ops.current.set(op.id, op); tell(); },
    tell,
    load: () => void load.current(),
    toggle: () => (state[0] === 'paused' ? live.current?.resume() : live.current?.pause()),
  };
}

/**
 * What read returns, read anew when tick changes; what was shown stays until newer is
 * there. One reading is under way at a time, so that a mock on which much happens is
 * shown all the same; a change of key ends it.
 * @template T
 * @param {string} key @param {unknown} tick @param {(signal: AbortSignal) => Promise<T>} read
 * @returns {{value: T|null, failed: string, again: () => void}}
 */
export function useFresh(key, tick, read) {
  const [value, setValue] = useState(/** @type {T|null} */ (null));
  const [failed, setFailed] = useState('');
  const it = useRef({ abort: new AbortController(), busy: false, again: false, read }).current;
  it.read = read;
  const go = async () => {
    if (it.busy) return void (it.again = true);
    const { signal } = it.abort;
    it.busy = true;
    do {
      it.again = false;
      try {
        const got = await it.read(signal);
        if (signal.aborted) return;
        setValue(got);
        setFailed('');
      } catch (e) {
        if (signal.aborted) return;
        setFailed(message(e));
      }
    } while (it.again);
    it.busy = false;
  };
  useEffect(() => {
    it.abort = new AbortController();
    it.busy = false;
    void go();
    return () => it.abort.abort();
  }, [key]);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) void go();
    first.current = false;
  }, [tick]);
  return { value, failed, again: () => void go() };
}

/**
 * What a path of the control answers.
 * @param {string} path @param {unknown} [tick]
 * @returns {{value: any, failed: string, again: () => void}}
 */
export function useRead(path, tick) {
  return useFresh(path, tick, (signal) => call(path, { signal }));
}

/**
 * All that a list has, page by page. Where it is long it is read anew every five
 * seconds at most, and only if something happened.
 * @param {string} path @param {Record<string, string|number|undefined>} query @param {string} field of an answer with the list
 * @param {number} changes @param {number} now
 */
export function useAll(path, query, field, changes, now) {
  const seen = useRef({ changes: -1, key: '', list: /** @type {any[]} */ ([]) }).current;
  const key = v1(path, query);
  const isLong = seen.list.length > pageOf;
  const { value: list, failed } = useFresh(key, isLong ? Math.floor(now / 5000) : changes, async (signal) => {
    if (isLong && seen.key === key && seen.changes === changes) return seen.list;
    const found = [];
    for (let cursor = ''; ;) {
      const page = await call(v1(path, { ...query, cursor, limit: pageOf }), { signal });
      found.push(...page[field]);
      if (!(cursor = page.next ?? '')) break;
    }
    Object.assign(seen, { key, changes, list: found });
    return found;
  });
  return { list, failed };
}
