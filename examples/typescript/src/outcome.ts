import type { Answer } from './read.js'
import * as read from './read.js'

/** A call that the ERP has accepted. Keep it: with it anybody can wait for the outcome. */
export interface Operation {
  id: string
  acceptedAt: number
  /** It is one of the ERP's actions, whose body tells whether it succeeded. */
  action: boolean
  /** The ERP asked not to be polled before. */
  pollFrom?: number
}

/** What the call was answered, in the background or at once. */
export interface Answered {
  statusCode: number
  /** Their names in lower case. The `location` of what was created ends in its number. */
  headers: Record<string, string[]>
  content?: Content
}

/** The call ended, and well: with `Finished` and a 2xx, or at once with a 2xx. */
export type Succeeded = Answered & { outcome: 'succeeded'; note?: string }

/** The call ended otherwise. */
export type Failed = Answered & { outcome: 'failed'; message: string }

/** What became of a submit. */
export type Submitted =
  | Succeeded // it ran at once
  | Failed
  | { outcome: 'accepted'; operation: Operation }
  | { outcome: 'refused'; statusCode?: number; message: string } // certainly not taken: it may be submitted again
  | { outcome: 'uncertain'; message: string } // nobody knows. Never submit it again: look whether it is there

/** How an operation ended. */
export type Ended =
  | Succeeded
  | Failed
  | { outcome: 'expired'; message: string } // the ERP no longer knows it; look what became of it
  | { outcome: 'unclear'; statusCode: number; message: string } // it ended in a way that nobody knows: look
  | { outcome: 'unreadable'; statusCode: number; message: string } // the ERP keeps refusing to tell: wait again, later

/** The body of an answer. Not each is JSON: look at `type`. In `text` all numbers have all of their digits. */
export interface Content {
  type: string
  bytes: Uint8Array
  text: string
}

export function contentOf(answer: Answer): Content | undefined {
  if (answer.body.length === 0) return undefined
  return { type: answer.headers.get('content-type') ?? '', bytes: answer.body, text: read.text(answer) }
}

/** What an answer says that came at once. */
export function answeredBy(answer: Answer): Answered {
  const headers = Object.fromEntries([...answer.headers].map(([name, value]) => [name, [value]]))
  const content = contentOf(answer)
  return { statusCode: answer.status, headers, ...(content && { content }) }
}

/** What a 2xx means: success, unless an action's body says that it failed. */
export function ended(action: boolean, answered: Answered, note?: string): Succeeded | Failed {
  const body = action && answered.content ? read.fields(answered.content.text) : undefined
  if (read.scalar(body?.actionresult).toLowerCase() === 'failed') {
    return { ...answered, outcome: 'failed', message: read.scalar(body?.errorinfo) }
  }
  return { ...answered, outcome: 'succeeded', ...(note && { note }) }
}
