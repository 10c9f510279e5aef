import type { Answer } from './read.js'
import * as read from './read.js'

/** The time of day and how to wait, so that tests need not. */
export interface Clock {
  now(): number
  /** Waits; throws the reason of the signal if that is aborted meanwhile. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface CallsConfig {
  /** The root of the API, such as https://api.finance.visma.net. */
  baseUrl: string
  /** An access token; `renew` asks for a new one, because the last was refused. Left out: calls carry none. */
  token?: (renew: boolean) => Promise<string>
  /** When a call without an answer has failed, in milliseconds. Default: a minute. */
  timeoutMs?: number
  fetch?: typeof fetch
  clock?: Clock
}

/** Nothing was sent: the work may be submitted again. */
export class NotSentError extends Error {}

const largest = 64 << 20 // bytes of a body

/**
 * Makes calls to the ERP, each of them once. The token goes to `baseUrl` only, redirects are not followed by
 * themselves, and when the ERP asks for a pause, all calls keep it.
 */
export class Calls {
  readonly clock: Clock
  readonly baseUrl: string
  readonly #config: CallsConfig
  #pausedUntil = 0

  constructor(config: CallsConfig) {
    this.#config = config
    this.baseUrl = config.baseUrl.replace(/\/+$/, '')
    this.clock = config.clock ?? realClock
    new URL(this.baseUrl) // throws if it is none
  }

  /** Waits for as long as the ERP wants no calls. Throws the signal's reason if that is aborted. */
  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    while (this.#pausedUntil > this.clock.now()) await this.clock.sleep(this.#pausedUntil - this.clock.now(), signal)
  }

  /**
   * Sends a request and returns its answer, whatever that is. A 401 has it sent once more with a new token: the ERP
   * took nothing. Throws a NotSentError if certainly nothing left, and anything else if no answer came.
   */
  async send(request: Request, signal?: AbortSignal): Promise<Answer> {
    if (!this.#isBelow(request.url)) {
      throw new NotSentError(`${new URL(request.url).origin} is not the ERP that is configured`)
    }
    const body = request.body ? await request.arrayBuffer() : null
    const { method, url } = request
    for (let renew = false; ; renew = true) {
      await this.ready(signal)
      const headers = new Headers(request.headers)
      const token = await this.#config.token?.(renew).catch((cause) => {
        throw new NotSentError('no access token', { cause })
      })
      if (token) headers.set('Authorization', `Bearer ${token}`)
      const answer = await this.#once(url, { method, headers, body }, signal)
      if (answer.status !== 401 || renew || !token) return answer
    }
  }

  /** Reads a path below the root; redirects are followed as long as they stay there. Undefined if no answer came. */
  async get(path: string, signal?: AbortSignal): Promise<Answer | undefined> {
    let url = this.baseUrl + path
    try {
      for (let hops = 0; ; hops++) {
        const answer = await this.send(new Request(url), signal)
        const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null
        if (!location || hops === 5) return answer
        url = new URL(location, url).href
        if (!this.#isBelow(url)) return answer
      }
    } catch {
      signal?.throwIfAborted()
      return undefined
    }
  }

  async #once(url: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#config.timeoutMs ?? 60_000)
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout
    let response: Response
    try {
      // fetch would send a POST again after a 307, and a token wherever that leads.
      response = await (this.#config.fetch ?? fetch)(url, { ...init, redirect: 'manual', signal: either })
    } catch (error) {
      throw neverConnected(error) ? new NotSentError('no connection', { cause: error }) : error
    }
    const { status, headers } = response
    const answer = { status, headers, ...(await readAll(response)) }
    this.#keep(answer)
    return answer
  }

  /** Remembers for how long the ERP wants no calls. */
  #keep({ status, headers }: Answer) {
    if (status !== 429 && status !== 503) return
    const now = this.clock.now()
    let pause = read.retryAfter(headers, now)
    if (status === 429) pause ??= read.limitReset(headers, now) ?? 60_000
    if (pause) this.#pausedUntil = Math.max(this.#pausedUntil, now + pause)
  }

  #isBelow(url: string): boolean {
    return `${url}/`.startsWith(`${new URL(this.baseUrl).href.replace(/\/$/, '')}/`)
  }
}

async function readAll(response: Response): Promise<{ body: Uint8Array; broken: boolean }> {
  const parts: Uint8Array[] = []
  let size = 0
  let broken = false
  try {
    for await (const part of response.body ?? []) {
      parts.push(part)
      size += part.length
      if (size > largest) throw new Error('too large')
    }
  } catch {
    broken = true
  }
  return { body: Buffer.concat(parts), broken }
}

/** Whether a call failed before a connection was there, so that the ERP cannot have seen any of it. */
function neverConnected(error: unknown): boolean {
  const code = String((error as { cause?: { code?: unknown } }).cause?.code ?? '')
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|UND_ERR_CONNECT_TIMEOUT)$|CERT|ERR_TLS/.test(code)
}

export const realClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}
