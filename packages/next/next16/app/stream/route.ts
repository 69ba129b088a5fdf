import { withSession } from '@sessions/next'
import { codeOf } from '../../lib/answers'
import { chat } from '../../lib/chat'
import { notes } from '../../lib/notes'

const encoder = new TextEncoder()

/** Words, one every few milliseconds, until all are said or whoever listens has gone. */
export const POST = withSession(chat, async (request, session) => {
  const { words } = (await request.json()) as { words: number }
  const turn = session.turn('count', async function* ({ signal }) {
    for (let word = 1; word <= words && !signal.aborted; word += 1) {
      yield `${word} `
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
  // Before the response: what follows it can set no cookie.
  await turn.started
  request.signal.addEventListener('abort', () => {
    notes.push('aborted')
    void turn.cancel()
  })
  const events = turn[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
    },
    cancel() {
      notes.push('cancelled')
    },
  })
  return new Response(body, {
    headers: { 'Content-Type': 'application/x-ndjson', 'X-Accel-Buffering': 'no' },
  })
})

/** The first write comes when the stream is read, which is too late for a cookie, or when it is made. */
export const PUT = withSession(chat, async (request, session) => {
  const { atOnce = false } = (await request.json()) as { atOnce?: boolean }
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const code = await codeOf(() => session.append({ role: 'user', content: 'from a stream' }))
      controller.enqueue(encoder.encode(code))
      controller.close()
    },
  }
  return new Response(new ReadableStream(source, { highWaterMark: atOnce ? 1 : 0 }))
})
