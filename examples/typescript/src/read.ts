/**
 * Reads what the ERP and its gateways write, in every form in which it is known to come. Nothing here throws: what
 * cannot be read is `undefined`, and the caller asks again or tells that it does not know.
 */

/** An answer as it came, its body whole unless `broken`. */
export interface Answer {
  status: number
  headers: Headers
  body: Uint8Array
  /** The body ended before its end; what there is of it may still name an id. */
  broken: boolean
}

/** A JSON object, its names in lower case: the ERP has been seen with `id` and with `Id`. */
export type Fields = Record<string, unknown>

/** The body as text: a byte order mark goes, a declared charset counts, and what is no UTF-8 is windows-1252. */
export function text(answer: Pick<Answer, 'headers' | 'body'>): string {
  const { body } = answer
  const declared = /charset="?([\w-]+)/i.exec(answer.headers.get('content-type') ?? '')?.[1]?.toLowerCase()
  const [a, b] = body
  let charset = declared === 'utf-16' ? 'utf-16be' : (declared ?? 'utf-8')
  if ((a === 0xff && b === 0xfe) || (a && b === 0)) charset = 'utf-16le'
  else if ((a === 0xfe && b === 0xff) || (a === 0 && b)) charset = 'utf-16be'
  for (const name of charset.startsWith('utf-16') ? [charset] : ['utf-8', charset]) {
    try {
      return new TextDecoder(name, { fatal: true }).decode(body)
    } catch {} // another one, then
  }
  return new TextDecoder('windows-1252').decode(body)
}

/** The object in a JSON text, or undefined: also for a list, a page of HTML, and JSON that ends in the middle. */
export function fields(json: string): Fields | undefined {
  try {
    return lowered(JSON.parse(json))
  } catch {
    return undefined
  }
}

export function lowered(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name.toLowerCase(), v]))
}

/** A text, number or boolean as text; of anything else nothing. */
export function scalar(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : ''
}

/** An id in the form in which paths have it, or undefined: a GUID in any of its forms, else letters and digits. */
export function id(value: unknown): string | undefined {
  const plain = scalar(value)
  if (!/^[\w-]{1,128}$|^\{[\w-]+\}$/.test(plain) || /^[0{}-]*$/.test(plain)) return undefined
  return guid(plain) ?? (plain.startsWith('{') ? undefined : plain)
}

/** A GUID in lower case with dashes, or undefined. */
export function guid(value: unknown): string | undefined {
  const digits = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i.exec(
    scalar(value),
  )
  const found = digits?.slice(1).join('-').toLowerCase()
  return found && !/^[0-]+$/.test(found) ? found : undefined
}

/** The id in the address of a state or of its content. Only the id is taken of it: addresses may name other hosts. */
export function idIn(address: unknown): string | undefined {
  const path = scalar(address).split(/[?#]/)[0] ?? ''
  return id(/.*\/background\/([^/]+)/i.exec(path)?.[1])
}

/** A time with an offset, with `Z` or without a zone, which is UTC. Undefined for none, and for .NET's year one. */
export function time(value: unknown): Date | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/.exec(scalar(value))
  if (!parts || parts[1]?.startsWith('0001')) return undefined
  const [, day, clock = '00:00:00', fraction = '', zone = 'Z'] = parts
  const date = new Date(`${day}T${clock}${fraction.slice(0, 4)}${zone}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** For how many milliseconds the answer asks to wait, between a second and an hour. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after') ?? ''
  const told = Date.parse(headers.get('date') ?? '') || now // a date counts by the clock that wrote it
  const seconds = /\d:\d\d/.test(value) ? [(Date.parse(value) - told) / 1000] : numbers(value).filter((s) => s >= 0)
  return bounded(Math.max(...seconds))
}

/** When the limit on calls ends, in milliseconds from now; the old gateway told seconds since 1970. */
export function limitReset(headers: Headers, now: number): number | undefined {
  const [s = Number.NaN] = numbers(headers.get('x-ratelimit-reset') ?? '')
  return bounded(s > 1e9 ? s - now / 1000 : s)
}

function numbers(list: string): number[] {
  return list.split(',').flatMap((one) => (/^\s*\d+(\.\d+)?\s*$/.test(one) ? [Number(one)] : []))
}

function bounded(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 3600) * 1000 : undefined
}

const told = [
  ...['message', 'value', 'text', 'title', 'error', 'error_description', 'exceptionmessage', 'messagedetail', 'detail'],
  ...['errormessage', 'errorinfo', 'modelstate', 'errors', 'innerexception'],
]

/** What an error body says to people, in one line, and the old gateway's code of the fault. */
export function message(body: string): { message: string; faultCode?: string } {
  const known = fields(body)
  const parts = known ? [...new Set(sentences(known))] : [cut(line(body), 300)]
  const fault = scalar(known?.exceptionfaultcode ?? known?.faultcode)
  return { message: parts.join('; '), ...(fault && { faultCode: fault }) }
}

function sentences(value: unknown, depth = 0): string[] {
  if (depth > 6) return []
  if (typeof value === 'string') return value.trim() ? [cut(line(value), 2000)] : []
  if (Array.isArray(value)) return value.flatMap((one) => sentences(one, depth + 1))
  const object = lowered(value)
  if (!object) return []
  const names = depth > 0 && !told.some((name) => name in object) ? Object.keys(object) : told
  return names.flatMap((name) => sentences(object[name], depth + 1))
}

function cut(value: string, most: number): string {
  return value.length > most ? `${value.slice(0, most)}…` : value
}

function line(value: string): string {
  return value.split(/\s+/).join(' ').trim()
}
