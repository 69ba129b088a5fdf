import {
  createSessions,
  memoryStore,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '@sessions/core'
import type { Express } from 'express'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** The app on a port of its own, until the test ends. */
export async function serve(app: Express): Promise<string> {
  const server = createServer(app as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A service whose store counts its calls. */
export function countedSessions(options: SessionsOptions = {}): {
  sessions: Sessions
  calls: string[]
  store: SessionStore
} {
  const inner = memoryStore()
  const calls: string[] = []
  const store = new Proxy(inner, {
    get(target, name: keyof SessionStore) {
      const method = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        calls.push(name)
        return method.apply(target, args)
      }
    },
  })
  return { sessions: createSessions({ store, ...options }), calls, store: inner }
}

/** A caller that keeps cookies as a browser does, as far as the tests need it. */
export function browser(base: string): (path: string, init?: RequestInit) => Promise<Response> {
  const jar = new Map<string, string>()
  return async (path, init = {}) => {
    const headers = new Headers(init.headers)
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(base + path, { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (/Max-Age=0(;|$)/.test(line)) jar.delete(name!)
      else jar.set(name!, value!)
    }
    return response
  }
}

export const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}
