/** The answer, whose body ends at the shutdown: whoever reads a stream without an end connects again elsewhere. */
export function untilShutdown(answer: Response, shutdown: AbortSignal): Response {
  const reader = answer.body!.getReader()
  // A read that waits ends then, as if there were no more.
  const end = (): void => void reader.cancel().catch(() => {})
  // Many streams come and go before there is a shutdown: none of them stays known.
  const leave = (): void => shutdown.removeEventListener('abort', end)
  shutdown.addEventListener('abort', end)
  if (shutdown.aborted) end()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        leave()
        throw error
      })
      if (!done) {
        controller.enqueue(value)
        return
      }
      leave()
      controller.close()
    },
    cancel: (reason) => {
      leave()
      return reader.cancel(reason)
    },
  })
  const { status, headers } = answer
  return new Response(body, { status, headers })
}

/** Whether an answer goes on until its reader leaves: the events of a session. A stream of a turn ends with the turn. */
export function isEndless({ method, url }: Request, { body, headers }: Response): boolean {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  return method === 'GET' && body !== null && isStream && new URL(url).pathname.endsWith('/events')
}
