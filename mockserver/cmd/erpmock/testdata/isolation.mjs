// One of several tests that use one mock at once, each with a company of its own.
// usage: node isolation.mjs ROOT COMPANY TESTS, and how many TESTS there are
import assert from 'node:assert/strict'

const [root, company, tests] = process.argv.slice(2)
const path = '/v1/customerinvoice/003501'

async function call(method, url, json) {
  const resp = await fetch(`${root}/__mock/v1${url}`, {
    method,
    headers: json ? { 'Content-Type': 'application/json' } : {},
    body: json && JSON.stringify(json),
  })
  const text = await resp.text()
  assert.ok(resp.ok, `${method} ${url} ${JSON.stringify(json)}: ${resp.status} ${text}`)
  return text && JSON.parse(text)
}

async function submit() {
  const resp = await fetch(root + path, { headers: { 'ipp-company-id': company, 'erp-api-background': 'none' } })
  await resp.text()
  return resp.status
}

// meet waits until every test was here for the time of this number.
async function meet(time) {
  await (await fetch(root + path, { headers: { 'ipp-company-id': 'meeting' } })).text()
  await call('POST', '/wait', { request: { company: 'meeting' }, count: time * tests, timeoutMs: 60000 })
}

await call('POST', `/companies/${company}/reset`)
const rule = { name: `busy-${company}`, on: 'intake', company, times: 1, do: { status: 503 } }
await call('POST', '/faults', { rules: [rule] })
await call('POST', `/clock/freeze?company=${company}`)
await meet(1)

assert.equal(await submit(), 503, 'the call that is disturbed')
assert.equal(await submit(), 202, 'the next one')
await call('POST', '/verify', { expectations: [{ operation: { company, state: 'Finished' }, times: 0 }] })
const before = await call('GET', `/clock?company=${company}`)
await call('POST', `/clock/advance?company=${company}`, { by: '2h' })
await call('POST', '/wait', { operation: { company, state: 'Finished' }, timeoutMs: 60000 })
await meet(2)

await call('POST', '/verify', {
  expectations: [
    { request: { company, path }, times: 2 },
    { request: { company, path, statusCode: 503 }, times: 1 },
    { operation: { company }, times: 1 },
  ],
})
const { operations } = await call('GET', `/operations?company=${company}`)
assert.deepEqual(operations.map((o) => [o.company, o.state]), [[company, 'Finished']])
const { hits } = await call('GET', `/hits?company=${company}`)
assert.deepEqual(hits.map((h) => [h.company, h.rule]), [[company, rule.name]])
const after = await call('GET', `/clock?company=${company}`)
assert.equal(Date.parse(after.now) - Date.parse(before.now), 2 * 3600 * 1000, 'the clock moved, in ms')
await meet(3)

await call('POST', `/companies/${company}/reset`)
await call('POST', '/verify', {
  expectations: [{ operation: { company }, times: 0 }, { request: { company }, times: 0 }],
})
const { faults } = await call('GET', `/faults?company=${company}`)
assert.deepEqual(faults, [], 'faults after the reset')
