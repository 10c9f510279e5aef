// Calls of the page's own server, and what it tells as it happens.
import { message } from './ui.js';

/**
 * An answer that is none, with what its server says about it.
 */
export class Refused extends Error {
  /** @param {number} status @param {string} text @param {string} [remedy] */
  constructor(status, text, remedy) {
    super(remedy ? `${text}: ${remedy}` : text);
    this.status = status;
  }
}

/**
 * Calls the server and returns its JSON, or null where there is none.
 * @param {string} path relative to the page @param {{method?: string, body?: unknown, signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 */
export async function call(path, { method = 'GET', body, signal } = {}) {
  let resp;
  try {
    resp = await fetch(path, {
      method, signal, credentials: 'same-origin', cache: 'no-store',
      headers: { Accept: 'application/json', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Refused(0, `The server does not answer (${message(e)})`);
  }
  const text = await resp.text();
  if (resp.ok) return text === '' ? null : JSON.parse(text);
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    told = null;
  }
  throw new Refused(resp.status, told?.error ?? told?.message ?? `${resp.status} ${resp.statusText}`, told?.remedy);
}

/** @typedef {'connecting'|'live'|'paused'|'lost'} Connection */

/**
 * Reads server-sent events by fetch, so that credentials are cookies and never part
 * of an address. When the connection ends it goes on behind the last event that came,
 * after a pause that grows to ten seconds.
 */
export class Live {
  /**
   * @param {() => string} path of the stream, asked for at each connection
   * @param {(event: string, data: any) => void} on
   * @param {(state: Connection, why: string) => void} tell
   */
  constructor(path, on, tell) {
    this.path = path;
    this.on = on;
    this.tell = tell;
    this.last = '';
    /** @type {AbortController|null} */
    this.abort = null;
    this.wait = 250;
    this.start();
  }

  start() {
    this.abort = new AbortController();
    void this.read(this.abort.signal);
  }

  /** Stops reading; resume goes on behind the last event. */
  pause() {
    this.abort?.abort();
    this.abort = null;
    this.tell('paused', '');
  }

  resume() {
    if (!this.abort) this.start();
  }

  close() {
    this.abort?.abort();
    this.abort = null;
  }

  /** @param {AbortSignal} signal */
  async read(signal) {
    while (!signal.aborted) {
      try {
        this.tell('connecting', '');
        await this.once(signal);
        if (!signal.aborted) this.tell('lost', 'The server ended the connection');
      } catch (e) {
        if (signal.aborted) return;
        this.tell('lost', message(e));
        if (e instanceof Refused && (e.status === 401 || e.status === 403)) return;
      }
      await new Promise((done) => {
        const timer = setTimeout(done, this.wait * (0.5 + Math.random() / 2));
        signal.addEventListener('abort', () => { clearTimeout(timer); done(null); }, { once: true });
      });
      this.wait = Math.min(10000, this.wait * 2);
    }
  }

  /** @param {AbortSignal} signal */
  async once(signal) {
    const resp = await fetch(this.path(), {
      signal, credentials: 'same-origin', cache: 'no-store',
      headers: { Accept: 'text/event-stream', ...(this.last && { 'Last-Event-ID': this.last }) },
    });
    if (!resp.ok || !resp.body) throw new Refused(resp.status, `${resp.status} ${resp.statusText}`);
    this.wait = 250;
    this.tell('live', '');
    const reader = resp.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const events = rest.split(/\r?\n\r?\n/);
      rest = events.pop() ?? '';
      for (const text of events) this.take(text);
    }
  }

  /** @param {string} text */
  take(text) {
    let event = 'message', data = '';
    for (const line of text.split(/\r?\n/)) {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === 'event') event = value;
      else if (name === 'data') data += (data && '\n') + value;
      else if (name === 'id') this.last = value;
    }
    if (data !== '') this.on(event, JSON.parse(data));
  }
}
