import type { Answer } from './read.js'
import * as read from './read.js'

/** What an answer to a request says that was to run in the background. */
export type Verdict =
  | { outcome: 'accepted'; id: string }
  | { outcome: 'foreground' } // it ran at once
  | { outcome: 'refused' }
  | { outcome: 'unauthorized' } // not taken; once more with a fresh token
  | { outcome: 'limited' } // not taken; later
  | { outcome: 'uncertain'; why: string } // it may have been taken: never to be sent again

/**
 * Judges an answer to a submit. A 202 is read as far as its body goes, for its id is the only way to the outcome. A
 * page of HTML, a part of a body or JSON that ends in the middle is nobody's answer: a proxy may have spoken.
 */
export function judge(answer: Answer): Verdict {
  const { status } = answer
  const body = read.text(answer)
  if (status === 202) {
    const id = acceptedId(answer, body)
    return id ? { outcome: 'accepted', id } : { outcome: 'uncertain', why: 'answered 202 without a readable id' }
  }
  const elsewhere = status >= 200 && status < 400 ? queuedId(answer, body) : undefined
  if (elsewhere) return { outcome: 'accepted', id: elsewhere }
  if (status >= 200 && status < 300) {
    const why = notWhole(answer, body) ?? (isPage(answer, body) ? 'answered with a page of HTML' : undefined)
    return why ? { outcome: 'uncertain', why } : { outcome: 'foreground' }
  }
  if (status === 401) return { outcome: 'unauthorized' }
  if (status === 429) return { outcome: 'limited' }
  if (status === 408 || status >= 500 || status < 200) return { outcome: 'uncertain', why: `answered ${status}` }
  return { outcome: 'refused' }
}

/** The id in a 202: in its body, which may be broken, else in an address that it names. */
function acceptedId(answer: Answer, body: string): string | undefined {
  const all = read.fields(body) ?? pieces(body)
  const own = read.id(all.id) ?? read.id(all.jobid)
  return own ?? read.idIn(all.statelocation) ?? read.idIn(answer.headers.get('location')) ?? read.guid(bare(body))
}

/** The id of an answer that names a state although its status does not say so: a proxy gave it another one. */
function queuedId(answer: Answer, body: string): string | undefined {
  const all = read.fields(body) ?? {}
  const at = read.idIn(all.statelocation) ?? read.idIn(answer.headers.get('location'))
  return at && (read.id(all.id) ?? read.id(all.jobid) ?? at)
}

/** The members at the beginning of JSON that ends in the middle, before anything is nested in it. */
function pieces(body: string): read.Fields {
  const flat = body.replace(/^\s*\{/, '').split(/[{[]/)[0] ?? ''
  const members = [...flat.matchAll(/"(\w+)"\s*:\s*(?:"([^"\\]*)"|(\d+)(?=\s*[,}]))/g)]
  return Object.fromEntries(members.map(([, name = '', word, digits]) => [name.toLowerCase(), word ?? digits]))
}

function bare(body: string): string {
  return body.trim().replace(/^"(.*)"$/, '$1')
}

/** Why a body is not all of an answer, or undefined. */
export function notWhole(answer: Answer, body: string): string | undefined {
  if (answer.broken) return 'the body of the answer broke off'
  if (answer.status === 206 || answer.headers.has('content-range')) return 'answered with a part of a body'
  if (/^\s*[{[]/.test(body) && isJson(answer)) {
    try {
      JSON.parse(body)
    } catch {
      return 'answered with JSON that cannot be read'
    }
  }
  return undefined
}

export function isJson(answer: Answer): boolean {
  const type = answer.headers.get('content-type') ?? ''
  return type === '' || /json|^text\/(plain|html|xml)|octet-stream/i.test(type)
}

/** Whether a body is a page of HTML, by its first bytes or by its declared type. */
export function isPage(answer: Answer, body: string): boolean {
  const start = body.replace(/^\s*((<\?xml[^>]*\?>|<!--[\s\S]*?-->)\s*)*/, '').slice(0, 64)
  if (/^<(!doctype html|html|head|body|title|meta|script)[\s/>]/i.test(start)) return true
  return /^(text\/html|application\/xhtml)/i.test(answer.headers.get('content-type') ?? '') && /^[^{[]/.test(start)
}
