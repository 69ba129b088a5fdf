import { timerMs } from '../time.js'

/** What one server-sent event tells. */
export interface ServerSentData {
  /** Sent as JSON. */
  readonly data: object
}

/** One server-sent event, with a name, and a place to resume from. */
export interface ServerSentEvent extends ServerSentData {
  /** The `Last-Event-ID` of a client that reconnects after this event. */
  readonly id: string
  readonly event: string
}

export interface EventStreamOptions {
  readonly headers: Headers
  /** How often a stream without events sends a sign of life, in milliseconds. */
  readonly heartbeatMs: number
  /** Called when the client disconnects before the end. */
  readonly onHangUp?: () => void
  /** Called once, at the end or when the client disconnects. */
  readonly onEnd?: () => void
}

/** Streams events as they come. The source is asked for the next event only when the client can take it. */
export function eventStream(
  source: AsyncIterable<ServerSentData | ServerSentEvent>,
  { headers, heartbeatMs, onHangUp, onEnd }: EventStreamOptions,
): Response {
  const encoder = new TextEncoder()
  const iterator = source[Symbol.asyncIterator]()
  let heartbeat: ReturnType<typeof setInterval> | undefined
  let isOver = false
  const over = (): void => {
    if (!isOver) onEnd?.()
    isOver = true
    clearInterval(heartbeat)
  }
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      // Sent at once, so that proxies and clients see that the stream has begun; the id of a resumed stream stays.
      controller.enqueue(encoder.encode(': \n\n'))
      heartbeat = setInterval(() => {
        if (!isOver && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': \n\n'))
      }, timerMs(heartbeatMs))
    },
    async pull(controller) {
      try {
        const next = await iterator.next()
        if (isOver) return
        if (next.done === true) {
          over()
          controller.close()
        } else {
          controller.enqueue(encoder.encode(toText(next.value)))
        }
      } catch (error) {
        over()
        controller.error(error)
      }
    },
    cancel() {
      over()
      onHangUp?.()
      // Not awaited: the source may be waiting for its next event.
      void iterator.return?.()
    },
  })
  headers.set('Content-Type', 'text/event-stream; charset=utf-8')
  headers.set('Cache-Control', 'no-store, no-transform')
  headers.set('X-Accel-Buffering', 'no')
  return new Response(stream, { status: 200, headers })
}

function toText(event: ServerSentData | ServerSentEvent): string {
  const named = 'id' in event ? `id: ${event.id}\nevent: ${event.event}\n` : ''
  return `${named}data: ${JSON.stringify(event.data)}\n\n`
}
