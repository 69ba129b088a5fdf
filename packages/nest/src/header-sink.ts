import type { ServerResponse } from 'node:http'
import type { HeaderSink } from '@sessions/core/node'

/** Fastify's reply, as far as it is needed here. */
interface Reply {
  readonly raw: ServerResponse
  readonly sent: boolean
  getHeader(name: string): number | string | string[] | undefined
  hasHeader(name: string): boolean
  header(name: string, value: unknown): unknown
  removeHeader(name: string): unknown
}

/** Where the headers of a platform's response are written. */
export function headerSink(response: ServerResponse | Reply): HeaderSink {
  return 'raw' in response ? replySink(response) : responseSink(response)
}

function responseSink(response: ServerResponse): HeaderSink {
  return {
    canWrite: () => !response.headersSent,
    append(name, value) {
      if (name !== 'Vary') response.appendHeader(name, value)
      else response.setHeader(name, merged(response.getHeader(name), value))
    },
    setDefault(name, value) {
      if (!response.hasHeader(name)) response.setHeader(name, value)
    },
    remove(name, value) {
      const others = without(response.getHeader(name), value)
      if (others.length === 0) response.removeHeader(name)
      else response.setHeader(name, others)
    },
  }
}

// In both places: Fastify sends those of its reply, and a handler that writes to Node's response those of that one.
function replySink(reply: Reply): HeaderSink {
  const mirror = (name: string): void => void reply.raw.setHeader(name, reply.getHeader(name)!)
  return {
    canWrite: () => !reply.sent && !reply.raw.headersSent,
    append(name, value) {
      // Of `Set-Cookie` Fastify keeps all by itself.
      reply.header(name, name === 'Vary' ? merged(reply.getHeader(name), value) : value)
      mirror(name)
    },
    setDefault(name, value) {
      if (!reply.hasHeader(name)) reply.header(name, value)
      mirror(name)
    },
    remove(name, value) {
      const others = without(reply.getHeader(name), value)
      reply.removeHeader(name)
      reply.raw.removeHeader(name)
      if (others.length === 0) return
      reply.header(name, others)
      mirror(name)
    },
  }
}

function merged(before: number | string | readonly string[] | undefined, value: string): string {
  const values = before === undefined ? [] : String(before).split(/\s*,\s*/)
  return values.some((each) => each.toLowerCase() === value.toLowerCase())
    ? values.join(', ')
    : [...values, value].join(', ')
}

function without(before: number | string | readonly string[] | undefined, value: string): string[] {
  return [before ?? []]
    .flat()
    .map(String)
    .filter((each) => each !== value)
}
