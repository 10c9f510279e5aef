import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { tokens } from '../src/token.js'

interface Said {
  status: number
  headers: Record<string, string>
  body: string
}

async function endpoint(t: TestContext, answer: (times: number) => Partial<Said>) {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    let form = ''
    for await (const part of request) form += part
    const { status = 200, headers = {}, body = '' } = answer(asked.push(form))
    response.writeHead(status, headers).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect/token`
  return {
    asked,
    token: tokens({ tokenUrl, clientId: 'id', clientSecret: 's3cret', tenantId: 'tenant', scope: 'scope' }),
  }
}

test('one request serves all who wait, and all who come later', async (t) => {
  const { asked, token } = await endpoint(t, (times) => ({ body: `{"access_token":"t${times}","expires_in":3600}` }))
  for (const renew of [false, true]) {
    const got = await Promise.all([token(renew), token(renew), token(renew)])
    assert.deepEqual([...got, await token(false)], Array(4).fill(`t${asked.length}`))
  }
  assert.equal(asked.length, 2)
  assert.equal(asked[0], 'grant_type=client_credentials&client_id=id&client_secret=s3cret&tenant_id=tenant&scope=scope')
})

test('a token that has run out is got anew', async (t) => {
  const { asked, token } = await endpoint(t, (times) => ({ body: `{"access_token":"t${times}","expires_in":-1}` }))
  assert.deepEqual([await token(false), await token(false), asked.length], ['t1', 't2', 2])
})

test('what is no token is told, and the secret goes nowhere else', async (t) => {
  const answers: [Partial<Said>, RegExp][] = [
    [{ status: 400, body: '{"error":"invalid_client"}' }, /answered 400: invalid_client/],
    [{ status: 307, headers: { Location: '/elsewhere' } }, /fetch failed/],
    [{ body: '<html>Sign in</html>' }, /answered 200/],
  ]
  for (const [answer, told] of answers) {
    const { asked, token } = await endpoint(t, () => answer)
    await assert.rejects(token(false), told)
    assert.equal(asked.length, 1)
  }
})
