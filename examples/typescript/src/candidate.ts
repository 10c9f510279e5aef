/**
 * Lets `erpmock conformance` hold this client and this receiver to the rules: docs/conformance.md says what is read
 * and written here. It is no part of what you would copy, but for how it puts the parts together.
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Background, type Erp } from './background.js'
import { type Clock, realClock } from './calls.js'
import { inbox } from './inbox.js'
import { inFile } from './journal.js'
import type { Ended, Submitted } from './outcome.js'
import { tokens } from './token.js'
import { receiver, toSubscription, toUrl } from './webhook.js'

interface Step {
  step: number
  do: 'submit' | 'await' | 'list' | 'store'
  key: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  contentType?: string
  body?: string
  notify: 'none' | 'url' | 'subscription'
  timeoutMs: number
  works: boolean
}

const env = (name: string) => process.env[`BACKGROUND_${name}`] ?? ''
/** A file that outlives the process; where only the first line is asked for there is no directory for it. */
const file = (name: string) => (env('DIR') ? join(env('DIR'), name) : devNull)
const keys = env('SIGNING_KEYS').split(',').filter(Boolean)

async function main() {
  const answer = env('ROLE') === 'receiver' ? await playReceiver() : await playClient()
  for await (const line of createInterface({ input: process.stdin })) {
    const step = JSON.parse(line) as Step
    const said = await answer(step).catch((error: Error) => ({ error: String(error.stack) }))
    write({ step: step.step, ...said })
  }
  process.exit()
}

const can = ['url', 'subscription', 'keys', 'resume', 'credentials', 'actions', 'clock', 'storeFault']

/** Listens, and says in the first line where. */
async function introduce(path: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(Number(env('WEBHOOK_PORT')), '127.0.0.1')
  await once(server, 'listening')
  const webhook = `http://127.0.0.1:${env('WEBHOOK_PORT')}${path}`
  write({ protocol: 1, name: 'typescript', roles: ['client', 'receiver'], can, webhook })
  return webhook
}

function write(line: object) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function playReceiver() {
  const stored = await inbox(file('inbox'))
  let works = true
  const store = async (id: string, body: string) => {
    if (!works) throw new Error('the store does not work')
    await stored.store(id, body)
  }
  await introduce('/hook', receiver({ path: '/hook', keys, store }))
  return async (step: Step): Promise<object> => {
    if (step.do === 'list') return { notifications: (await stored.list()).map(({ id }) => ({ id })) }
    works = step.works
    return {}
  }
}

async function playClient() {
  const virtual = env('CLOCK') === 'virtual' ? new VirtualClock(Number(env('CLOCK_START'))) : undefined
  const first = Number(env('POLL_MS'))
  const journal = await inFile(file('journal'))
  const background = new Background({
    baseUrl: env('URL'),
    timeoutMs: Number(env('CALL_TIMEOUT_MS')),
    clock: virtual ?? realClock,
    poll: { first, factor: 1.5, longest: 4 * first },
    journal,
    token: env('TOKEN_URL') ? tokens(credentials()) : async () => env('TOKEN'),
    fetch: virtual?.fetch ?? fetch,
  })
  const stored = await inbox(file('inbox'))
  const store = async (id: string, body: string) => {
    await stored.store(id, body)
    background.notified(id)
  }
  const secret = `/hook/${env('SECRET')}`
  const unsigned = receiver({ path: secret, store })
  const signed = receiver({ path: '/hook', keys, store })
  const webhook = await introduce('/hook', (request, response) => {
    const listener = request.url === secret ? unsigned : signed
    listener(request, response)
  })
  const notify = {
    none: () => 'none',
    url: () => toUrl(new URL(secret, webhook).href),
    subscription: () => toSubscription(),
  }
  return async (step: Step): Promise<object> => {
    if (step.do === 'submit') {
      const submitted = await background.submit(step.key, (erp) => send(erp, step, notify[step.notify]()))
      return submitted.outcome === 'accepted' ? { outcome: 'pending', id: submitted.operation.id } : told(submitted)
    }
    const submitted = journal.get(step.key)
    if (!submitted) throw new Error(`nothing was submitted with the key ${step.key}`)
    if (submitted.outcome !== 'accepted') return told(submitted)
    const deadline = virtual ? virtual.timeout(step.timeoutMs) : AbortSignal.timeout(step.timeoutMs)
    return background
      .wait(submitted.operation, deadline)
      .then(told, (error) => {
        if (deadline.aborted) return { outcome: 'pending' }
        throw error
      })
      .finally(() => virtual?.noTimeout())
  }
}

/** Makes the call of a step, whose path and body are texts, with the client whose types are generated. */
function send(erp: Erp, { method, path, body, contentType }: Step, notify: string): Promise<unknown> {
  const headers = { 'erp-api-background': notify, ...(contentType && { 'Content-Type': contentType }) }
  const init = { headers, ...(body !== undefined && { body, bodySerializer: String }) }
  const request = erp.request as (method: string, path: string, init: object) => Promise<unknown>
  return request(method, path, init)
}

function credentials() {
  return {
    tokenUrl: env('TOKEN_URL'),
    clientId: env('CLIENT_ID'),
    clientSecret: env('CLIENT_SECRET'),
    tenantId: env('TENANT_ID'),
    scope: env('SCOPE'),
  }
}

/** An outcome in the words of the protocol. */
function told(end: Exclude<Submitted, { outcome: 'accepted' }> | Ended): object {
  switch (end.outcome) {
    case 'succeeded':
    case 'failed': {
      const { outcome, statusCode, content } = end
      if (!content) return { outcome, statusCode }
      const { type: contentType, bytes, text } = content
      const json = /json/i.test(contentType)
      return { outcome, statusCode, contentType, ...(json ? { body: text } : { bodyBase64: base64(bytes) }) }
    }
    case 'unclear':
      return { outcome: 'uncertain', message: end.message }
    case 'unreadable':
      return { outcome: 'pending', message: end.message }
    default:
      return end
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Time that moves only when somebody waits, and at once. Each call tells what time it is. */
class VirtualClock implements Clock {
  #now: number
  #deadline = Number.POSITIVE_INFINITY
  #late = new AbortController()

  constructor(start: number) {
    this.#now = start
  }

  now = () => this.#now

  sleep = async (ms: number, signal?: AbortSignal) => {
    this.#now = Math.min(this.#now + ms, this.#deadline)
    if (this.#now === this.#deadline) this.#late.abort()
    signal?.throwIfAborted()
  }

  /** A signal like that of AbortSignal.timeout. */
  timeout(ms: number): AbortSignal {
    this.#deadline = this.#now + ms
    this.#late = new AbortController()
    return this.#late.signal
  }

  noTimeout() {
    this.#deadline = Number.POSITIVE_INFINITY
  }

  fetch: typeof fetch = (url, init) => {
    const headers = new Headers(init?.headers)
    headers.set('x-conformance-time', String(Math.round(this.#now)))
    return fetch(url, { ...init, headers })
  }
}

await main()
