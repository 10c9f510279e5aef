import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Background, type Config, type Erp } from '../src/background.js'
import { inFile } from '../src/journal.js'
import type { Submitted } from '../src/outcome.js'

const id = '2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10'
const root = 'https://erp.test/api'
const hour = 3_600_000

type Answer = Response | Error
const json = (status: number, body: unknown, headers = {}) => Response.json(body, { status, headers })
const empty = (status: number, headers = {}) => new Response(null, { status, headers })
const accepted = () => json(202, { id })
const started = () => json(200, { id, status: 'Started', statusCode: 0 })
const finished = (statusCode = 200, more = {}) => json(200, { id, status: 'Finished', statusCode, ...more })

interface Call {
  what: string
  at: number
  authorization: string | null
}

/** An ERP that gives its answers one after the other, the last one for ever, and a clock that moves only by waits. */
function erp(answers: (() => Answer)[], more: Partial<Config> = {}) {
  const calls: Call[] = []
  let now = 0
  const config: Config = {
    baseUrl: root,
    poll: { first: 1000, factor: 2, longest: 60_000 },
    clock: {
      now: () => now,
      sleep: async (ms, signal) => {
        await new Promise(setImmediate)
        signal?.throwIfAborted()
        now += ms
      },
    },
    fetch: async (url, init) => {
      const authorization = new Headers(init?.headers).get('authorization')
      calls.push({ what: `${init?.method} ${url}`, at: now, authorization })
      assert.equal(init?.redirect, 'manual')
      const answer = (answers.length > 1 ? answers.shift() : answers[0])?.() ?? assert.fail()
      if (answer instanceof Error) throw answer
      return answer
    },
    ...more,
  }
  const background = new Background(config)
  return { background, calls, now: () => now, submit: () => background.submit('order-1', create) }
}

const create = (client: Erp) =>
  client.POST('/v2/customerinvoice', { params: { header: { 'erp-api-background': 'none' } }, body: {} })
const operation = { id, acceptedAt: 0, action: false }

test('submits: what an answer means, and that none of these is sent twice', async (t) => {
  const reset = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })
  const closed = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
  const broken = new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(`{"id":"${id}","sta`)),
      pull: (controller) => controller.error(new Error('terminated')),
    }),
    { status: 202 },
  )
  const cases: [name: string, answer: () => Answer, outcome: string][] = [
    ['a connection that broke', () => reset, 'uncertain'],
    ['no connection', () => closed, 'refused'],
    ['a 202 whose body broke off behind its id', () => broken, 'accepted'],
    ['an answer at once', () => json(201, { number: 1 }), 'succeeded'],
    ['a redirect', () => empty(307, { Location: 'https://elsewhere.test/' }), 'refused'],
    ['a page of a proxy', () => new Response('<html>', { status: 200 }), 'uncertain'],
    ['503', () => empty(503, { 'Retry-After': '5' }), 'uncertain'],
    ['400', () => json(400, { message: 'no' }), 'refused'],
  ]
  for (const [name, answer, outcome] of cases) {
    await t.test(name, async () => {
      const { submit, calls } = erp([answer])
      assert.equal((await submit()).outcome, outcome)
      assert.deepEqual(
        calls.map(({ what }) => what),
        [`POST ${root}/v2/customerinvoice`],
      )
    })
  }
})

test('a 429 was not taken: it is waited out and sent again', async () => {
  const { submit, calls } = erp([() => empty(429, { 'Retry-After': '120' }), () => empty(429), accepted])
  assert.equal((await submit()).outcome, 'accepted')
  assert.deepEqual(
    calls.map(({ at }) => at / 1000),
    [0, 120, 180],
  )
})

test('a submit that is given up during a limit was not taken, and may be made again', async () => {
  const { background, calls } = erp([() => empty(429), accepted])
  const patience = new AbortController()
  const submitted = background.submit('order-1', create, patience.signal)
  while (calls.length < 1) await new Promise(setImmediate)
  patience.abort(new Error('enough'))
  await assert.rejects(submitted, /enough/)
  assert.equal((await background.submit('order-1', create)).outcome, 'accepted')
})

test('a redirect of polls to another host is not followed, and told of when it goes on', async () => {
  const { background, calls } = erp([() => empty(302, { Location: 'https://elsewhere.test/v1/background/1' })])
  assert.equal((await background.wait(operation)).outcome, 'unreadable')
  assert.deepEqual(new Set(calls.map(({ what }) => what)), new Set([`GET ${root}/v1/background/${id}`]))
})

test('a 401 was not taken: it is sent once more, with a new token', async () => {
  let made = 0
  const token = async (renew: boolean) => `t${renew ? ++made : made}`
  const { submit, calls } = erp([() => empty(401)], { token })
  assert.equal((await submit()).outcome, 'refused')
  assert.deepEqual(
    calls.map(({ authorization }) => authorization),
    ['Bearer t0', 'Bearer t1'],
  )
})

test('a key is sent once: again only after it was refused', async () => {
  const { submit, calls } = erp([() => json(400, {}), accepted])
  await submit()
  const [a, b] = await Promise.all([submit(), submit()])
  assert.deepEqual(
    [a, b, await submit()].map(({ outcome }) => outcome),
    ['accepted', 'accepted', 'accepted'],
  )
  assert.equal(calls.length, 2)
})

test('a journal outlives the process, and knows what was being sent when it ended', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'journal')
  const open = async () => {
    const journal = await inFile(path)
    t.after(() => journal.close())
    return journal
  }
  const killed = new Background({ baseUrl: root, journal: await open(), fetch: () => new Promise<Response>(() => {}) })
  killed.submit('order-1', create).catch(assert.ifError) // has no answer yet when the process ends
  const other = erp([() => json(200, { amount: 1 })], { journal: await open() })
  const answered = await other.background.submit('order-2', create)
  while (!(await open()).get('order-1')) await new Promise(setImmediate)

  const next = erp([() => assert.fail('nothing may be sent')], { journal: await open() })
  assert.equal((await next.background.submit('order-1', create)).outcome, 'uncertain')
  assert.deepEqual(await next.background.submit('order-2', create), answered)
})

test('an id is told even if it cannot be written down', async () => {
  const journal = {
    get: () => undefined,
    put: async (_: string, { outcome }: Submitted) => assert.notEqual(outcome, 'accepted'),
  }
  await assert.rejects(erp([accepted], { journal }).submit(), new RegExp(`order-1 was accepted as ${id}`))
})

test('nothing but a state ends a wait, and all pauses are kept', async () => {
  const foreign = { Location: 'https://elsewhere.test/v1/background/1' }
  const { background, calls } = erp([
    () => empty(503, { 'Retry-After': '30' }),
    () => empty(429),
    () => new Error('reset'),
    () => new Response('<html>502</html>', { status: 502 }),
    () => empty(404),
    () => empty(302, foreign),
    () => empty(401),
    () => json(200, { id: 'another', status: 'Finished', statusCode: 200 }),
    () => json(200, { status: 'Sleeping' }),
    () => json(200, { id, status: 'Started' }, { 'Retry-After': '100' }),
    () => finished(204),
  ])
  const end = await background.wait(operation)
  assert.deepEqual([end.outcome, 'statusCode' in end && end.statusCode], ['succeeded', 204])
  assert.deepEqual(new Set(calls.map(({ what }) => what)), new Set([`GET ${root}/v1/background/${id}`]))
  const pauses = calls.map(({ at }, i) => (at - (calls[i - 1]?.at ?? 0)) / 1000)
  assert.deepEqual(pauses, [1, 30, 60, 8, 16, 32, 60, 60, 60, 60, 100])
})

test('only Finished with a 2xx is success', async (t) => {
  const cases: [state: object, outcome: string][] = [
    [{ status: 'Finished', statusCode: 200 }, 'succeeded'],
    [{ status: 'finished', statusCode: '201' }, 'succeeded'],
    [{ status: 'Finished', statusCode: 400, errorMessage: null }, 'failed'],
    [{ status: 'Finished', statusCode: 302 }, 'failed'],
    [{ status: 'Failed', statusCode: 200, errorMessage: 'no worker' }, 'failed'],
    [{ status: 'Completed', statusCode: 200, finishedUtc: '2026-09-01T08:00:00' }, 'unclear'],
    [{ status: 'Finished', finishedUtc: '2026-09-01T08:00:00' }, 'unclear'],
  ]
  for (const [state, outcome] of cases) {
    await t.test(JSON.stringify(state), async () => {
      const { background, now } = erp([() => json(200, { id, ...state })])
      assert.equal((await background.wait(operation)).outcome, outcome)
      if (outcome === 'unclear') assert.ok(now() > hour / 6, `it was decided after ${now()} ms, want ten minutes`)
    })
  }
})

test("an action's body tells whether it succeeded", async () => {
  const body = { actionResult: 'Failed', errorInfo: 'It is on hold.' }
  const { background } = erp([() => finished(200, { hasResponseContent: true }), () => json(200, body)])
  const end = await background.wait({ ...operation, action: true })
  assert.deepEqual([end.outcome, 'message' in end && end.message], ['failed', 'It is on hold.'])
})

test('what is missing has expired once its day is over, and not before', async () => {
  const { background, now } = erp([() => empty(404)])
  assert.equal((await background.wait(operation)).outcome, 'expired')
  assert.ok(now() >= 24 * hour && now() < 24 * hour + 60_001, `it had expired after ${now()} ms, want a day`)
})

test('a 404 after a day is no end if a state follows', async () => {
  const { background } = erp([() => empty(404), () => empty(404), () => finished()])
  assert.equal((await background.wait({ ...operation, acceptedAt: -48 * hour })).outcome, 'succeeded')
})

test('a pause is kept by every call', async () => {
  const { submit, background, calls } = erp([() => empty(503, { 'Retry-After': '50' }), () => finished()])
  assert.equal((await submit()).outcome, 'uncertain')
  assert.equal((await background.wait(operation)).outcome, 'succeeded')
  assert.deepEqual(
    calls.map(({ at }) => at / 1000),
    [0, 50],
  )
})

test('an ERP that keeps refusing to tell is told of', async () => {
  const { background, now } = erp([() => json(403, { message: 'not yours' })])
  assert.deepEqual(await background.wait(operation), { outcome: 'unreadable', statusCode: 403, message: 'not yours' })
  assert.ok(now() > hour / 6 && now() < hour / 3, `after ${now()} ms, want more than ten minutes`)
})

test('content is read until it is whole', async () => {
  const { background } = erp([
    () => finished(200, { hasResponseContent: true }),
    () => empty(503),
    () => empty(204),
    () => new Response('[{"amount": 12', { headers: { 'Content-Type': 'application/json' } }),
    () => new Response('<html>Sign in</html>', { headers: { 'Content-Type': 'text/html' } }),
    () =>
      new Response('\ufeff[{"amount": 12345678901234567890.10}]', { headers: { 'Content-Type': 'application/json' } }),
  ])
  const end = await background.wait(operation)
  assert.equal('content' in end && end.content?.text, '[{"amount": 12345678901234567890.10}]')
})

test('content that is gone does not make a success of less', async (t) => {
  for (const [status, note] of [
    [404, 'its content could not be read, although its state tells of some'],
    [410, 'its content is gone'],
  ] as const) {
    await t.test(String(status), async () => {
      const { background } = erp([() => finished(200, { hasResponseContent: true }), () => empty(status)])
      const end = await background.wait(operation)
      assert.deepEqual([end.outcome, 'note' in end && end.note], ['succeeded', note])
    })
  }
})

test('a signal ends a wait, and the operation can be waited for again', async () => {
  const { background } = erp([started, () => finished()])
  const signal = AbortSignal.abort(new Error('enough'))
  await assert.rejects(background.wait(operation, signal), /enough/)
  assert.equal((await background.wait(operation)).outcome, 'succeeded')
})

test('a notification wakes a wait, also one that begins after it; it proves nothing', { timeout: 30_000 }, async () => {
  const answers = [started, started, started, () => finished()]
  const pauses: number[] = []
  const background = new Background({
    baseUrl: root,
    poll: { first: 1, factor: 2, longest: hour },
    clock: {
      now: () => 0,
      sleep: (ms, signal) =>
        new Promise((_, reject) => {
          pauses.push(ms)
          signal?.addEventListener('abort', reject)
        }),
    },
    fetch: async () => answers.shift()?.() ?? assert.fail(),
  })
  const sleepsAgain = async (times: number) => {
    while (pauses.length < times) await new Promise(setImmediate)
  }
  background.notified(id) // before the 202 was read
  const end = background.wait(operation)
  await sleepsAgain(1)
  background.notified('another')
  for (const times of [2, 3]) {
    background.notified(id) // early: it has not ended
    await sleepsAgain(times)
  }
  background.notified(id)
  assert.equal((await end).outcome, 'succeeded')
  assert.deepEqual(pauses, [1, 1, 1]) // short again each time
})

test('a mistake in a submit is told, and nothing is made of it', async () => {
  const { background } = erp([accepted])
  await assert.rejects(
    background.submit('a', async () => {}),
    /no call was made/,
  )
  await assert.rejects(
    background.submit('b', async (client) => {
      await create(client)
      await create(client)
    }),
    /makes one call/,
  )
})
