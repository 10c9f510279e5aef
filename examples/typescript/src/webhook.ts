import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import * as read from './read.js'

/** The value of `erp-api-background` that has a notification posted to an address. Keep a secret part in its path. */
export function toUrl(address: string): string {
  const url = new URL(address)
  const here = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (
    !(url.protocol === 'https:' || (url.protocol === 'http:' && here)) ||
    url.username ||
    /[\s,]|[^ -~]/.test(address)
  ) {
    throw new Error('the address of a webhook: want https://, without a user and without blanks')
  }
  return address
}

/**
 * The value of `erp-api-background` that has the subscription of the application notified. Each pair comes back as a
 * header of the notification, unsigned: it may help to find your order, and proves nothing.
 */
export function toSubscription(pairs: [name: string, value: string][] = []): string {
  const reserved =
    /^(x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade|keep-alive|proxy-.*)$/i
  const names = new Set<string>()
  for (const [name, value] of pairs) {
    const fault =
      !/^[a-z0-9-]+$/i.test(name) || reserved.test(name) || names.has(name.toLowerCase())
        ? 'want names of letters, digits and dashes, each once, and none that HTTP or the sender uses'
        : !/^[!-~]([ -~]*[!-~])?$/.test(value) || value.includes(',')
          ? 'want values of visible ASCII without commas'
          : undefined
    if (fault) throw new Error(`a pair of a subscription, ${JSON.stringify(name)}: ${fault}`)
    names.add(name.toLowerCase())
  }
  return pairs.length ? `subscription:${pairs.map((pair) => pair.join('=')).join(',')}` : 'subscription'
}

/** Which of the keys has signed a body, -1 for none. Verify the bytes that came, before anything is read of them. */
export function signedBy(keys: string[], body: Uint8Array, signature: string | undefined): number {
  const given = Buffer.from(signature?.trim() ?? '')
  return keys.findIndex((key) => {
    const own = Buffer.from(createHmac('sha256', key).update(body).digest('base64'))
    return key !== '' && own.length === given.length && timingSafeEqual(own, given)
  })
}

/** What a notification tells. Its id is a hint: read the state of the operation before you believe anything. */
export function notification(body: string): { id?: string; statusCode: number } {
  const outer = read.fields(body) ?? {}
  const own = told(outer)
  if (own.id && (own.statusCode || outer.statelocation || outer.contentlocation)) return own
  for (const name of ['data', 'payload', 'body']) {
    const inner = told(read.lowered(outer[name]) ?? {}) // an envelope
    if (inner.id) return { id: inner.id, statusCode: inner.statusCode || own.statusCode }
  }
  return own
}

function told(all: read.Fields): { id?: string; statusCode: number } {
  const named = ['id', 'jobid', 'referenceid', 'reference'].map((name) => read.guid(all[name]))
  const located = ['statelocation', 'contentlocation'].map((name) => read.guid(read.idIn(all[name])))
  const id = [...named, ...located].find((one) => one)
  const code = Number(read.scalar(all.statuscode))
  return { ...(id && { id }), statusCode: code >= 100 && code <= 999 ? code : 0 }
}

export interface Receiver {
  /** The path of the webhook. In URL mode, where nothing is signed, it has to hold a secret. */
  path: string
  /** The keys of the subscription, the newest first; undefined where nothing is signed. */
  keys?: string[]
  /** Stores a notification and returns once it cannot get lost. It may come many times. */
  store: (id: string, body: string) => Promise<void>
}

/** Verifies, stores, and only then acknowledges: what got a 2xx never comes again. For `http.createServer`. */
export function receiver({ path, keys, store }: Receiver): RequestListener {
  return async (request, response) => {
    const answer = (status: number) => response.writeHead(status, { Connection: 'close' }).end()
    try {
      if (request.url?.split('?')[0] !== path) return answer(404)
      if (request.method !== 'POST') return answer(405)
      const body = await readBody(request)
      if (!body) return answer(413)
      const signature = request.headers['x-vwd-signature-v1']
      if (keys && signedBy(keys, body, String(signature ?? '')) < 0) return answer(401)
      const text = new TextDecoder().decode(body)
      await store(notification(text).id ?? '', text)
      answer(202)
    } catch {
      answer(503) // it comes again
    }
  }
}

const largest = 1 << 20

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size > largest) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}
