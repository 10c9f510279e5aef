import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { judge } from '../src/judge.js'
import * as read from '../src/read.js'
import { state } from '../src/state.js'
import { notification, signedBy, toSubscription, toUrl } from '../src/webhook.js'

// openapi/vectors holds what comes over the wire, and what is to be made of it, for all languages alike.
interface Case<Input, Want> {
  name: string
  why: string
  input: Input
  inputBase64?: string
  want: Want
}

function vectors<Input, Want>(file: string, hold: (input: Input, want: Want) => void) {
  const url = new URL(`../../../../openapi/vectors/${file}.json`, import.meta.url)
  const { cases } = JSON.parse(readFileSync(url, 'utf8')) as { cases: Case<Input, Want>[] }
  test(file, async (t) => {
    assert.ok(cases.length > 9, `${file}.json has ${cases.length} cases, want more`)
    for (const { name, why, input, inputBase64, want } of cases) {
      await t.test(`${name}: ${why}`, () => hold(inputBase64 ? (bytes('', inputBase64) as Input) : input, want))
    }
  })
}

function bytes(body = '', bodyBase64?: string): Buffer {
  return bodyBase64 ? Buffer.from(bodyBase64, 'base64') : Buffer.from(body)
}

/** The text of an input that is a text, or bytes. */
function text(input: string | Uint8Array): string {
  return read.text({ headers: new Headers(), body: Buffer.from(input as Uint8Array) })
}

vectors<string | null, { time?: string | null; refused?: true }>('times', (input, want) => {
  const wanted = want.time ? new Date(want.time).toISOString() : undefined
  assert.equal(read.time(input)?.toISOString(), wanted)
})

vectors<string, Record<string, unknown>>('states', (input, want) => {
  const got = state(text(input))
  if (want.verdict === 'unreadable') return assert.equal(got, undefined)
  assert.ok(got, 'it was not read')
  const plain: Record<string, unknown> = { ...got }
  for (const [name, value] of Object.entries(want)) {
    const own = plain[name]
    if (own instanceof Date) assert.equal(own.getTime(), Date.parse(String(value)), name)
    else assert.deepEqual(own ?? null, value, name)
  }
})

interface Http {
  status: number
  headers?: Record<string, string>
  body?: string
  bodyBase64?: string
}
vectors<Http, { outcome: string; id?: string }>('answers', (input, want) => {
  const body = bytes(input.body, input.bodyBase64)
  const got = judge({ status: input.status, headers: new Headers(input.headers), body, broken: false })
  assert.deepEqual(
    { outcome: got.outcome, id: 'id' in got ? got.id : undefined },
    { outcome: want.outcome, id: want.id },
  )
})

vectors<string, { message: string; faultCode?: string }>('errors', (input, want) => {
  assert.deepEqual(read.message(text(input)), want)
})

vectors<{ now: string; retryAfter?: string; date?: string }, { seconds: number | null }>(
  'retry-after',
  (input, want) => {
    const headers = new Headers()
    if (input.retryAfter !== undefined) headers.set('Retry-After', input.retryAfter)
    if (input.date) headers.set('Date', input.date)
    const got = read.retryAfter(headers, Date.parse(input.now))
    assert.equal(got, want.seconds === null ? undefined : want.seconds * 1000)
  },
)

interface Signed {
  keys: string[]
  signature?: string
  body?: string
  bodyBase64?: string
}
vectors<Signed, { valid: boolean; key?: number }>('signatures', (input, want) => {
  const got = signedBy(input.keys, bytes(input.body, input.bodyBase64), input.signature)
  assert.equal(got, want.valid ? want.key : -1)
})

vectors<string, { id: string | null; statusCode?: number }>('notifications', (input, want) => {
  const got = notification(text(input))
  assert.equal(got.id ?? null, want.id)
  if (want.id) assert.equal(got.statusCode, want.statusCode)
})

interface Notify {
  mode: 'none' | 'url' | 'subscription'
  url: string
  pairs: [string, string][]
}
vectors<Notify, { header?: string; refused?: true }>('header-build', (input, want) => {
  const build = () => ({
    none: () => 'none',
    url: () => toUrl(input.url),
    subscription: () => toSubscription(input.pairs),
  })
  const make = build()[input.mode]
  if (want.refused) assert.throws(make)
  else assert.equal(make(), want.header)
})
