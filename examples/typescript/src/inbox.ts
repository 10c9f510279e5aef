import { open, readFile } from 'node:fs/promises'

/** Keeps notifications in a file, a line of JSON for each, on the disk before they are acknowledged. */
export interface Inbox {
  /** Stores a notification; another one for the same operation changes nothing. */
  store(id: string, body: string): Promise<void>
  /** What is stored, read from the file. */
  list(): Promise<{ id: string; body: string }[]>
  close(): Promise<void>
}

export async function inbox(path: string): Promise<Inbox> {
  const file = await open(path, 'a')
  const read = async () => {
    const lines = (await readFile(path, 'utf8')).split('\n')
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as { id: string; body: string }]
      } catch {
        return [] // cut off by a crash, and so never acknowledged
      }
    })
  }
  const stored = new Set((await read()).map(({ id, body }) => id || body))
  let last = Promise.resolve()
  return {
    store(id, body) {
      last = last
        .catch(() => {})
        .then(async () => {
          if (stored.has(id || body)) return
          await file.appendFile(`\n${JSON.stringify({ id, body })}`)
          await file.datasync()
          stored.add(id || body)
        })
      return last
    },
    list: read,
    close: () => file.close(),
  }
}
