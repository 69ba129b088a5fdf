import {
  createSessions,
  memoryStore,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import { CookieJar, listen } from '@sessions/testkit'
import type { Express } from 'express'
import { afterEach } from 'vitest'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** The app on a port of its own, until the test ends. */
export async function serve(app: Express): Promise<string> {
  const { url, close } = await listen(app as never)
  open.push(close)
  return url
}

/** A service whose store counts its calls. */
export function countedSessions(options: SessionsOptions = {}): {
  sessions: Sessions
  calls: string[]
  store: SessionStore
} {
  const inner = memoryStore()
  const calls: string[] = []
  const store = wrapStore(inner, (method, call) => {
    calls.push(method)
    return call()
  })
  return { sessions: createSessions({ store, ...options }), calls, store: inner }
}

/** A caller that keeps cookies. */
export function browser(base: string): (path: string, init?: RequestInit) => Promise<Response> {
  const jar = new CookieJar()
  return (path, init) => jar.fetch(base + path, init)
}

export const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}
