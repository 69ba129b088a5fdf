import type { AddressInfo } from 'node:net'
import type { INestApplication, NestApplicationOptions, Type } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { createSessions, memoryStore, type Sessions, type SessionsOptions } from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import { CookieJar } from '@sessions/testkit'
import { afterEach } from 'vitest'

export const platforms = ['Express', 'Fastify'] as const
export type Platform = (typeof platforms)[number]

const open: INestApplication[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

/** The application on a port of its own. Whoever calls it closes it. */
export async function listen(
  module: Type | object,
  platform: Platform,
  prepare: (app: INestApplication) => void | Promise<void> = () => {},
  // So that closing does not wait for connections that a client keeps for later.
  fastify: AbstractHttpAdapter = new FastifyAdapter({ forceCloseConnections: true }),
  options: NestApplicationOptions = {},
): Promise<{ app: INestApplication; url: string }> {
  const adapter = platform === 'Express' ? new ExpressAdapter() : fastify
  const app = await NestFactory.create<INestApplication>(module, adapter, {
    logger: false,
    abortOnError: false,
    ...options,
  })
  await prepare(app)
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address() as AddressInfo
  return { app, url: `http://127.0.0.1:${port}` }
}

/** As `listen`, until the test ends. */
export async function serve(
  module: Type | object,
  platform: Platform,
  prepare?: (app: INestApplication) => void | Promise<void>,
  options?: NestApplicationOptions,
): Promise<string> {
  const { app, url } = await listen(module, platform, prepare, undefined, options)
  open.push(app)
  return url
}

/** A service whose store counts its calls. */
export function countedSessions(options: SessionsOptions = {}): { sessions: Sessions; calls: string[] } {
  const calls: string[] = []
  const store = wrapStore(memoryStore(), (method, call) => {
    calls.push(method)
    return call()
  })
  return { sessions: createSessions({ store, ...options }), calls }
}

/** A caller that keeps cookies. */
export function browser(base: string): (path: string, init?: RequestInit) => Promise<Response> {
  const jar = new CookieJar()
  return (path, init) => jar.fetch(base + path, init)
}

export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}
