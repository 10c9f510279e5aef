import createClient, { type Client } from 'openapi-fetch'
import type { paths } from '../generated/background.js'
import { Calls, type CallsConfig, NotSentError } from './calls.js'
import { inMemory, type Journal } from './journal.js'
import { isPage, judge, notWhole } from './judge.js'
import { answeredBy, type Content, contentOf, type Ended, ended, type Operation, type Submitted } from './outcome.js'
import { Plan, type Poll, Streak } from './plan.js'
import * as read from './read.js'
import { type State, state } from './state.js'

export interface Config extends CallsConfig {
  /** Default: after 2 s, then each time half as long again, at most a minute. */
  poll?: Poll
  /** Where submits are written down before they are sent. Default: in memory, and a crash forgets them. */
  journal?: Journal
}

/** The client of all operations, its types generated from openapi/background.yaml. */
export type Erp = Client<paths>

const minute = 60_000
const day = 24 * 60 * minute

/** Submits calls that are to run in the background, and waits for their outcomes. */
export class Background {
  readonly #calls: Calls
  readonly #poll: Poll
  readonly #journal: Journal
  readonly #underWay = new Map<string, Promise<Submitted>>()
  readonly #waking = new EventTarget()
  readonly #told = new Set<string>()

  constructor(config: Config) {
    this.#calls = new Calls(config)
    this.#poll = config.poll ?? { first: 2000, factor: 1.5, longest: minute }
    this.#journal = config.journal ?? inMemory()
  }

  /**
   * Makes one call with the header `erp-api-background`, and tells what became of it as soon as that is known:
   *
   *     await background.submit('order-4711', (erp) => erp.POST('/v2/customerinvoice', {
   *       params: { header: { 'erp-api-background': 'none' } }, body: invoice,
   *     }))
   *
   * It is sent once; again only after an answer that says it was not taken (401, 429). Two submits of one key are the
   * same work, unless the first was refused: the second sends nothing and is told what became of it. The signal has it
   * throw while it waits because of a limit and nothing was taken; afterwards the outcome is uncertain.
   */
  async submit(key: string, call: (erp: Erp) => Promise<unknown>, signal?: AbortSignal): Promise<Submitted> {
    for (let other = this.#underWay.get(key); other; other = this.#underWay.get(key)) await other.catch(() => {})
    const known = this.#journal.get(key)
    if (known && known.outcome !== 'refused') return known
    const submitted = this.#submit(key, call, signal)
    this.#underWay.set(key, submitted)
    return submitted.finally(() => this.#underWay.delete(key))
  }

  async #submit(key: string, call: (erp: Erp) => Promise<unknown>, signal?: AbortSignal): Promise<Submitted> {
    let submitted: Submitted | undefined
    const erp = createClient<paths>({
      baseUrl: this.#calls.baseUrl,
      fetch: async (request) => {
        if (submitted) throw new Error('submit: a submit makes one call')
        do {
          await this.#calls.ready(signal)
          submitted = { outcome: 'uncertain', message: 'the process ended before it had an answer' }
          await this.#journal.put(key, submitted)
          submitted = await this.#send(request.clone(), signal)
          await this.#record(key, submitted)
        } while (submitted.outcome === 'refused' && submitted.statusCode === 429)
        return Response.json({}, { status: 202 }) // it is judged already
      },
    })
    await call(erp)
    if (!submitted) throw new Error('submit: no call was made with the client that was handed over')
    return submitted
  }

  async #record(key: string, submitted: Submitted) {
    await this.#journal.put(key, submitted).catch((cause) => {
      const id = submitted.outcome === 'accepted' ? ` as ${submitted.operation.id}` : ''
      throw new Error(`${key} was ${submitted.outcome}${id}, which could not be written down`, { cause })
    })
  }

  async #send(request: Request, signal?: AbortSignal): Promise<Submitted> {
    const action = /\/action\//i.test(request.url)
    let answer: read.Answer
    try {
      answer = await this.#calls.send(request, signal)
    } catch (error) {
      const outcome = error instanceof NotSentError ? 'refused' : 'uncertain'
      return { outcome, message: `no answer: ${(error as Error).message}` }
    }
    const verdict = judge(answer)
    switch (verdict.outcome) {
      case 'accepted': {
        const acceptedAt = this.#calls.clock.now()
        const wait = read.retryAfter(answer.headers, acceptedAt)
        const operation = { id: verdict.id, acceptedAt, action, ...(wait && { pollFrom: acceptedAt + wait }) }
        return { outcome: 'accepted', operation }
      }
      case 'foreground':
        return ended(action, answeredBy(answer))
      case 'uncertain':
        return { outcome: 'uncertain', message: verdict.why }
      default: {
        const { message } = read.message(read.text(answer))
        return { outcome: 'refused', statusCode: answer.status, message }
      }
    }
  }

  /** Has whoever waits for an operation poll at once. A notification that names it is a hint, and proves nothing. */
  notified(id: string) {
    if (this.#told.size > 1000) this.#told.clear()
    this.#told.add(id)
    this.#waking.dispatchEvent(new Event(id))
  }

  /**
   * Waits until an operation has ended. Whatever polls are answered, only its state ends the wait, or that there has
   * been none for long. The signal ends it as well, by throwing its reason; then it can be waited for again.
   */
  async wait(operation: Operation, signal?: AbortSignal): Promise<Ended> {
    const { clock } = this.#calls
    const [missing, refused, unclear] = [new Streak(clock), new Streak(clock), new Streak(clock)]
    const plan = new Plan(this.#poll)
    let from = operation.pollFrom ?? 0
    for (;;) {
      if (await this.#pause(operation.id, Math.max(plan.next(), from - clock.now()), signal)) plan.reset()
      const answer = await this.#calls.get(`/v1/background/${operation.id}`, signal)
      if (!answer) continue
      const { status, headers } = answer
      const body = read.text(answer)
      from = clock.now() + (read.retryAfter(headers, clock.now()) ?? 0)
      const told = status === 200 ? state(body) : undefined
      const now = told?.id && told.id !== operation.id ? undefined : told // another one's state
      if (now?.verdict === 'succeeded' || now?.verdict === 'failed') return this.#outcome(operation, now, signal)

      const lost = missing.goesOn(status === 404 || status === 410) && missing.count > 2 && missing.lasts > 10 * minute
      if (lost && clock.now() - operation.acceptedAt >= day) {
        return { outcome: 'expired', message: `answered ${status}: its outcome is no longer known` }
      }
      if (refused.goesOn(isRefusal(status)) && refused.lasts > 10 * minute) {
        return { outcome: 'unreadable', statusCode: status, message: read.message(body).message }
      }
      if (unclear.goesOn(now?.verdict === 'unclear') && unclear.lasts > 10 * minute) {
        return { outcome: 'unclear', statusCode: now?.statusCode ?? 0, message: `it ended as ${now?.status}` }
      }
    }
  }

  async #outcome(operation: Operation, end: State, signal?: AbortSignal): Promise<Ended> {
    const { content, note } = end.hasContent ? await this.#content(operation.id, end, signal) : {}
    const answered = { statusCode: end.statusCode, headers: end.headers, ...(content && { content }) }
    if (end.verdict === 'succeeded') return ended(operation.action, answered, note)
    const message = end.errorMessage ?? (content ? read.message(content.text).message : (note ?? ''))
    return { ...answered, outcome: 'failed', message }
  }

  /** Reads the stored answer until it is whole; not for ever, because how the call ended is known. */
  async #content(id: string, end: State, signal?: AbortSignal): Promise<{ content?: Content; note?: string }> {
    const failing = new Streak(this.#calls.clock)
    const plan = new Plan(this.#poll)
    const announced = end.statusCode >= 400 || /html/i.test(String(end.headers['content-type']))
    while (failing.lasts < 10 * minute) {
      const answer = await this.#calls.get(`/v1/background/${id}/content`, signal)
      if (answer?.status === 410) return { note: 'its content is gone' }
      if (answer?.status === 200) {
        const body = read.text(answer)
        const content = contentOf(answer)
        if (!notWhole(answer, body) && (announced || !isPage(answer, body))) return content ? { content } : {}
      }
      failing.goesOn(true)
      const wait = answer && read.retryAfter(answer.headers, this.#calls.clock.now())
      await this.#pause(id, Math.max(plan.next(), wait ?? 0), signal)
    }
    return { note: 'its content could not be read, although its state tells of some' }
  }

  /** Waits, and tells whether a notification cut it short. */
  async #pause(id: string, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#told.delete(id)) return true
    const woken = new AbortController()
    const wake = () => woken.abort()
    this.#waking.addEventListener(id, wake, { once: true })
    try {
      await this.#calls.clock.sleep(ms, signal ? AbortSignal.any([signal, woken.signal]) : woken.signal)
    } catch {
      signal?.throwIfAborted()
    } finally {
      this.#waking.removeEventListener(id, wake)
    }
    return this.#told.delete(id)
  }
}

/** Whether a poll was answered with something that no repetition changes. */
function isRefusal(status: number): boolean {
  return status >= 300 && status < 500 && ![404, 408, 409, 410, 425, 429].includes(status)
}
