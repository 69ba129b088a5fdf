import type { ServerResponse } from 'node:http'
import { addVary, type HeaderSink, nodeHeaderSink, withoutValue } from '@sessions/core/node'

/** The part of Fastify's reply that is used here. */
interface Reply {
  readonly raw: ServerResponse
  readonly sent: boolean
  getHeader(name: string): number | string | string[] | undefined
  hasHeader(name: string): boolean
  header(name: string, value: unknown): unknown
  removeHeader(name: string): unknown
}

/** Writes the headers of a platform's response. */
export function headerSink(response: ServerResponse | Reply): HeaderSink {
  return 'raw' in response ? replySink(response) : nodeHeaderSink(response)
}

// In both places: Fastify sends the headers of its reply, and a handler that writes to Node's response sends those of
// that response.
function replySink(reply: Reply): HeaderSink {
  const mirror = (name: string): void => void reply.raw.setHeader(name, reply.getHeader(name)!)
  return {
    canWrite: () => !reply.sent && !reply.raw.headersSent,
    append(name, value) {
      // Fastify itself keeps all values of `Set-Cookie`.
      reply.header(name, name === 'Vary' ? addVary(reply.getHeader(name), value) : value)
      mirror(name)
    },
    setDefault(name, value) {
      if (!reply.hasHeader(name)) reply.header(name, value)
      mirror(name)
    },
    remove(name, value) {
      const others = withoutValue(reply.getHeader(name), value)
      reply.removeHeader(name)
      reply.raw.removeHeader(name)
      if (others.length === 0) return
      reply.header(name, others)
      mirror(name)
    },
  }
}
