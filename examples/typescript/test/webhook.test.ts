import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { inbox } from '../src/inbox.js'
import { type Receiver, receiver } from '../src/webhook.js'

const id = '5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11'
const body = `{"id":"${id}","statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/${id}"}`
const key = 'c2lnbi1rZXktZm9yLXRlc3Rz'
const signature = '6ofqp6lObkxT7EXi+whoDC0SebLYtNImEG/OzxNXMr8='

async function hook(t: TestContext, settings: Omit<Receiver, 'path'>) {
  const server = createServer(receiver({ path: '/hook', ...settings })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return async (text: string, signed?: string) => {
    const headers = signed === undefined ? {} : { 'x-vwd-signature-v1': signed }
    return (await fetch(url, { method: 'POST', body: text, headers })).status
  }
}

/** Opens an inbox in a directory of the test's own, each time anew. */
function opening(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'inbox-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return async () => {
    const opened = await inbox(join(directory, 'inbox'))
    t.after(() => opened.close())
    return opened
  }
}

test('what is signed is stored once, and outlives the process', async (t) => {
  const open = opening(t)
  const post = await hook(t, { keys: ['new', key], store: (await open()).store })
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => post(body, signature))), [202, 202, 202])
  assert.deepEqual(await (await open()).list(), [{ id, body }])
})

test('what is not signed is not stored', async (t) => {
  const stored = await opening(t)()
  const post = await hook(t, { keys: [key], store: stored.store })
  for (const signed of [undefined, '', 'x', signature.slice(0, -4)]) assert.equal(await post(body, signed), 401)
  assert.equal(await post(`${body} `, signature), 401)
  assert.deepEqual(await stored.list(), [])
})

test('what cannot be stored is not acknowledged', async (t) => {
  const post = await hook(t, { store: () => Promise.reject(new Error('the disk is full')) })
  assert.equal(await post(body), 503)
})

test('what names no operation is kept as it is, and what is too large is not read', async (t) => {
  const stored = await opening(t)()
  const post = await hook(t, { store: stored.store })
  for (const text of ['{}', 'nonsense', '{}']) assert.equal(await post(text), 202)
  assert.equal(await post('x'.repeat(2 << 20)), 413)
  assert.deepEqual(
    (await stored.list()).map((one) => one.body),
    ['{}', 'nonsense'],
  )
})
