import type { Response } from 'express'

const heartbeatMs = 15_000

/** Server-sent events on one response. Events after the client has disconnected are dropped. */
export interface EventStream {
  readonly isOpen: boolean
  open(): void
  /** One JSON event. */
  send(event: object): void
  close(): void
}

/** Aborted when the client disconnects before its answer is complete; at once, when it has left while something was awaited. */
export function disconnected(res: Response): AbortSignal {
  const gone = new AbortController()
  const leave = (): void => {
    if (!res.writableFinished) gone.abort()
  }
  if (res.destroyed) leave()
  else res.once('close', leave)
  return gone.signal
}

export function createEventStream(res: Response): EventStream {
  let id = 0
  let heartbeat: NodeJS.Timeout | undefined
  const write = (text: string): void => {
    if (res.writable) res.write(text)
  }
  res.on('close', () => clearInterval(heartbeat))
  return {
    get isOpen() {
      return res.headersSent
    },
    open() {
      res.status(200).set({
        'Content-Type': 'text/event-stream; charset=utf-8',
        // no-transform also keeps compressing proxies from holding events back.
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
      })
      res.flushHeaders()
      heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMs)
    },
    send(event) {
      id++
      write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`)
    },
    close() {
      clearInterval(heartbeat)
      res.end()
    },
  }
}
