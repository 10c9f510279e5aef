import * as read from './read.js'

/** What a state document says, and what that means. */
export interface State {
  /**
   * Only `Finished` with a 2xx is success. `unclear` is an end of a kind that nobody knows: neither success nor
   * failure, until a person looks.
   */
  verdict: 'pending' | 'succeeded' | 'failed' | 'unclear'
  id: string | undefined
  status: string
  /** That of the call itself; 0 until there is one. */
  statusCode: number
  hasContent: boolean
  errorMessage: string | undefined
  /** Those of the call's answer, their names in lower case. The `location` of what was created ends in its number. */
  headers: Record<string, string[]>
  receivedUtc: Date | undefined
  startedUtc: Date | undefined
  finishedUtc: Date | undefined
}

/** Reads a state document; undefined for anything that is none, after which one asks again. */
export function state(json: string): State | undefined {
  const all = read.fields(json)
  if (!all) return undefined
  const status = read.scalar(all.status)
  const code = Number(read.scalar(all.statuscode))
  const finishedUtc = read.time(all.finishedutc)
  const word = status.toLowerCase()
  const statusCode = code >= 200 && code <= 999 ? Math.trunc(code) : 0
  if (status === '' && !(finishedUtc && statusCode)) return undefined
  const told = read.scalar(all.hasresponsecontent).toLowerCase()
  const terminal = word === 'finished' || word === 'failed'
  let verdict: State['verdict'] = 'pending'
  if (word === 'failed') verdict = 'failed'
  else if (word === 'finished') verdict = statusCode === 0 ? 'unclear' : statusCode < 300 ? 'succeeded' : 'failed'
  else if (finishedUtc && statusCode) verdict = 'unclear'
  return {
    verdict,
    id: read.id(all.id) ?? read.id(all.jobid),
    status,
    statusCode,
    hasContent: told ? told === 'true' : terminal && read.scalar(all.contentlocation) !== '',
    errorMessage: read.scalar(all.errormessage) || undefined,
    headers: headers(all.responseheaders),
    receivedUtc: read.time(all.receivedutc),
    startedUtc: read.time(all.startedutc),
    finishedUtc,
  }
}

function headers(value: unknown): Record<string, string[]> {
  const texts = (one: unknown) => [one].flat().map(read.scalar).filter(Boolean)
  const all = Object.entries(read.lowered(value) ?? {}).map(([name, one]): [string, string[]] => [name, texts(one)])
  return Object.fromEntries(all.filter(([, values]) => values.length > 0))
}
