import { open, readFile } from 'node:fs/promises'
import type { Submitted } from './outcome.js'

/** What became of each submit, by its key. A table of a database does as well as what is here. */
export interface Journal {
  get(key: string): Submitted | undefined
  /** Returns once it cannot get lost. */
  put(key: string, submitted: Submitted): Promise<void>
}

export function inMemory(): Journal {
  const known = new Map<string, Submitted>()
  return {
    get: (key) => known.get(key),
    put: async (key, submitted) => {
      known.set(key, submitted)
    },
  }
}

/**
 * Keeps the journal in a file, a line of JSON for each change, which is on the disk before anything else happens. What
 * was being sent when the process ended is found there as uncertain. One process at a time may have it open.
 */
export async function inFile(path: string): Promise<Journal & { close(): Promise<void> }> {
  const file = await open(path, 'a')
  const memory = inMemory()
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const change = parse(line)
    if (change) await memory.put(change.key, change.submitted)
  }
  return {
    get: memory.get,
    put: async (key, submitted) => {
      await file.appendFile(`\n${JSON.stringify({ key, submitted })}`)
      await file.datasync()
      await memory.put(key, submitted)
    },
    close: () => file.close(),
  }
}

/** Reads a line. One that a crash cut off is none: what it was to tell had not been told to anybody. */
function parse(line: string): { key: string; submitted: Submitted } | undefined {
  try {
    return JSON.parse(line, bytes)
  } catch {
    return undefined
  }
}

/** Makes bytes again of what JSON.stringify makes of a Buffer. */
function bytes(_: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown }
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data) : value
}
