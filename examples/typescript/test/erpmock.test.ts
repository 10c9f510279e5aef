import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { Background, type Erp } from '../src/background.js'
import { createInvoice as example } from '../src/example.js'
import { inFile } from '../src/journal.js'
import { receiver, toSubscription, toUrl } from '../src/webhook.js'

// These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program.
let mock: ChildProcess
let root = ''

before(async () => {
  const program = process.env.ERPMOCK ?? 'erpmock'
  mock = spawn(program, ['--listen', '127.0.0.1:0', '--quiet', '--exec-time', '20ms'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const failed = once(mock, 'error').then(([error]) => {
    throw new Error(`no ${program}: go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest`, {
      cause: error,
    })
  })
  const [line] = (await Promise.race([once(mock.stdout ?? assert.fail(), 'data'), failed])) as [Buffer]
  root = /listens on (\S+)/.exec(String(line))?.[1] ?? assert.fail(`erpmock said ${line}`)
})
after(() => mock.kill())

/** A company of its own, so that tests do not disturb each other; everything about it goes through here. */
function company(id: string, first = 10) {
  const background = new Background({
    baseUrl: root,
    poll: { first, factor: 1.5, longest: 10 * first },
    fetch: (url, init) => {
      const headers = new Headers(init?.headers)
      headers.set('ipp-company-id', id)
      return fetch(url, { ...init, headers })
    },
  })
  const control = async (method: string, path: string, body?: object): Promise<unknown> => {
    const url = `${root}/__mock/v1${path}`
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text}`)
    return text && JSON.parse(text)
  }
  return { background, control }
}

function createInvoice(notify: string) {
  return (erp: Erp) =>
    erp.POST('/v2/customerinvoice', {
      params: { header: { 'erp-api-background': notify } },
      body: {
        customerNumber: { value: '10045' },
        documentDate: { value: '2026-09-01' },
        invoiceLines: [{ operation: 'Insert', inventoryNumber: { value: 'SYK-01' }, quantity: { value: 2 } }],
      },
    })
}

async function operationOf(background: Background, call: (erp: Erp) => Promise<unknown>) {
  const submitted = await background.submit('order-1', call)
  assert.equal(submitted.outcome, 'accepted')
  return submitted.outcome === 'accepted' ? submitted.operation : assert.fail()
}

test('the example creates an invoice, once', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'example-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const time of ['first', 'second']) {
    const journal = await inFile(join(directory, 'journal'))
    const said = await example(root, journal)
    await journal.close()
    assert.match(said, /^created http.*\/v1\/customerinvoice\/003549$/, time)
  }
})

test('an invoice is created, and its number told', async () => {
  const { background } = company('1')
  const end = await background.wait(await operationOf(background, createInvoice('none')))
  assert.equal(end.outcome, 'succeeded')
  assert.match(('headers' in end && end.headers.location?.[0]) || '', /\/customerinvoice\/\d+$/)
})

test('a list comes back with all its digits', async () => {
  const { background } = company('2')
  const list = (erp: Erp) =>
    erp.GET('/v1/customerinvoice', { params: { header: { 'erp-api-background': 'none' }, query: { pageSize: 3 } } })
  const end = await background.wait(await operationOf(background, list))
  assert.ok(end.outcome === 'succeeded' && end.content)
  assert.equal(JSON.parse(end.content.text).length, 3)
})

test('an end that the ERP refused is a failure, with its message', async () => {
  const { background } = company('3')
  const change = (erp: Erp) =>
    erp.PUT('/v1/customerinvoice/{invoiceNumber}', {
      params: { header: { 'erp-api-background': 'none' }, path: { invoiceNumber: 'nobody' } },
      body: { note: { value: 'x' } },
    })
  const end = await background.wait(await operationOf(background, change))
  assert.equal(end.outcome, 'failed')
  assert.deepEqual([end.outcome === 'failed' && end.statusCode, 'message' in end && end.message !== ''], [404, true])
})

test('a lost answer is uncertain, and nothing is sent again', async () => {
  const { background, control } = company('4')
  await control('POST', '/faults', { rules: [{ on: 'intake', company: '4', do: { process: true, drop: true } }] })
  const first = await background.submit('order-1', createInvoice('none'))
  const second = await background.submit('order-1', createInvoice('none'))
  assert.deepEqual([first.outcome, second.outcome], ['uncertain', 'uncertain'])
  await control('POST', '/verify', { expectations: [{ request: { company: '4', method: 'POST' }, times: 1 }] })
})

test('a webhook wakes the wait: by a secret address, or signed by the subscription', { timeout: 30_000 }, async (t) => {
  const told: string[] = []
  let background: Background
  const store = async (id: string) => {
    told.push(id)
    background.notified(id)
  }
  const listeners = [receiver({ path: '/hook/4bTq9', store }), receiver({ path: '/signed', keys: ['whsec'], store })]
  const server = createServer((req, res) => listeners[req.url === '/signed' ? 1 : 0]?.(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  for (const [id, notify] of [
    ['5', toUrl(`${address}/hook/4bTq9`)],
    ['6', toSubscription([['order', '4711']])],
  ] as const) {
    const mine = company(id, 3_600_000)
    background = mine.background
    await mine.control('PUT', `/subscription?company=${id}`, { url: `${address}/signed`, signingKey: 'whsec' })
    const operation = await operationOf(background, createInvoice(notify))
    assert.equal((await background.wait(operation)).outcome, 'succeeded')
    await mine.control('POST', '/wait', { delivery: { company: id, state: 'Delivered' }, timeoutMs: 5000 })
    assert.ok(told.includes(operation.id), `the webhook was told of ${told}, want ${operation.id}`)
  }
  const forged = await fetch(`${address}/signed`, {
    method: 'POST',
    body: '{}',
    headers: { 'x-vwd-signature-v1': 'x' },
  })
  assert.equal(forged.status, 401)
})
