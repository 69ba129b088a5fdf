import type { Respond } from '@sessions/core'
import type { Client } from './server.js'

/** Says ten words, and waits for `go` in the middle. */
export function slowAssistant(): { assistant: Respond; go: () => void; runs: () => number } {
  let go = (): void => {}
  let runs = 0
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  return {
    go: () => go(),
    runs: () => runs,
    assistant: async function* () {
      runs++
      for (let at = 0; at < 10; at++) {
        if (at === 5) await gate
        yield `word${at} `
      }
    },
  }
}

export const whole = Array.from({ length: 10 }, (_, at) => `word${at} `).join('')

export async function stream(client: Client, body: object, signal?: AbortSignal): Promise<Response> {
  return client.fetch('POST', '/query/stream', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Reads until `text` has come, and gives what it read. @throws when the stream ends without it. */
export async function readUntil(response: Response, text: string): Promise<string> {
  let read = ''
  for await (const piece of pieces(response)) {
    read += piece
    if (read.includes(text)) return read
  }
  throw new Error(`the stream ended without “${text}”: ${read}`)
}

/** Reads what is left. */
export async function readRest(response: Response): Promise<string> {
  let read = ''
  for await (const piece of pieces(response)) read += piece
  return read
}

/** The text of a body as it comes; whoever stops listening leaves the rest to the next. */
async function* pieces(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of response.body!.values({ preventCancel: true })) {
    yield decoder.decode(chunk, { stream: true })
  }
}
