// Where somebody is on a page: #/operations/ID?state=failed. It stands behind the #,
// which no server and no proxy gets, and can be kept and sent to others.
import { useEffect, useState } from './vendor.js';

/** @typedef {{path: string[], query: URLSearchParams}} Place */

/** @returns {Place} */
function here() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** @param {string} s */
function decode(s) {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}

/** @returns {Place} */
export function usePlace() {
  const [place, set] = useState(here);
  useEffect(() => {
    const moved = () => set(here());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return place;
}

/**
 * The address of a place.
 * @param {string[]} path @param {URLSearchParams|Record<string, string>} [query]
 */
export function to(path, query) {
  const q = new URLSearchParams(query);
  for (const [name, value] of [...q]) if (value === '') q.delete(name);
  const text = q.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text && '?' + text}`;
}

/**
 * Changes the query of the place, without a new step in the history.
 * @param {Place} place @param {Record<string, string>} change
 */
export function filter(place, change) {
  const q = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(change)) value === '' ? q.delete(name) : q.set(name, value);
  history.replaceState(null, '', to(place.path, q));
  dispatchEvent(new Event('hashchange'));
}
