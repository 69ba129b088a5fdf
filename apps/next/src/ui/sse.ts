/** One server-sent event. */
export interface ServerEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** A stream without events and signs of life for this long is dead. Milliseconds. */
const silenceMs = 60_000

/** The events of a response as they come. Ends with the stream; throws when it breaks or is silent for too long. */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent, void, undefined> {
  if (response.body === null) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  const parse = createEventParser()
  try {
    for (;;) {
      const { done, value } = await withDeadline(reader.read())
      if (done) return
      yield* parse(decoder.decode(value, { stream: true }))
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** Reads a stream of text in pieces of any size, and returns the complete events. */
export function createEventParser(): (text: string) => ServerEvent[] {
  let rest = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    return blocks.map(toEvent).filter((event) => event !== undefined)
  }
}

function toEvent(block: string): ServerEvent | undefined {
  const found: Record<string, string> = {}
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) found[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '')
  }
  const { id = '', event, data } = found
  if (event === undefined || data === undefined) return undefined
  return { id, event, data: JSON.parse(data) as unknown }
}

async function withDeadline<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The stream fell silent.')), silenceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
