/** The answer, whose body ends when `shutdown` settles: whoever reads a stream without an end connects again elsewhere. */
export function untilShutdown(answer: Response, shutdown: Promise<void>): Response {
  const reader = answer.body!.getReader()
  const over = shutdown.then(() => ({ done: true, value: undefined }) as const)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await Promise.race([reader.read(), over])
      if (!done) {
        controller.enqueue(value)
        return
      }
      controller.close()
      await reader.cancel()
    },
    cancel: (reason) => reader.cancel(reason),
  })
  const { status, headers } = answer
  return new Response(body, { status, headers })
}

/** Whether an answer goes on until its reader leaves: the events of a session. A stream of a turn ends with the turn. */
export function isEndless({ method, url }: Request, { body, headers }: Response): boolean {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  return method === 'GET' && body !== null && isStream && new URL(url).pathname.endsWith('/events')
}
