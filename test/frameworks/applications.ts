import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Identity, Sessions } from '@sessions/core'
import type { SessionApi } from '@sessions/core/http'
import { addVary } from '@sessions/core/node'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll } from 'vitest'
import * as fastify from './fastify.js'
import * as hono from './hono.js'

const userOf = (authorization: string | undefined): Identity => {
  const userId = authorization?.replace('Bearer ', '')
  return { tenantId: 'acme', ...(userId === undefined ? {} : { userId }) }
}

/** An application on Hono, until the tests of the file end: its URL. The API is at `/api`. */
export async function serveHono(sessions: Sessions, api: SessionApi): Promise<string> {
  const app = new Hono().all('/api/*', (c) => api.handle(c.req.raw, { mountPath: '/api' }))
  const own = new Hono()
    .use(
      hono.withCaller({
        sessions,
        identify: ({ headers }) => userOf(headers.get('authorization') ?? undefined),
      }),
    )
    .use(async (c, next) => {
      await next()
      c.header('Set-Cookie', 'theme=dark', { append: true })
      c.header('Vary', 'Accept-Encoding')
    })
    .post('/chat', async (c) => {
      const session = await c.get('caller').get()
      await session.append({ role: 'user', content: 'Two phones, please' })
      return c.json({ id: session.id, messages: session.record.lastSeq })
    })
    .get('/chat', async (c) => c.json({ messages: (await c.get('caller').find())?.record.lastSeq ?? 0 }))
    .post('/later', async (c) => {
      const session = await c.get('caller').get()
      void session.append({ role: 'user', content: 'Later' })
      return c.json({ accepted: true })
    })
    .post('/login', async (c) => {
      const session = await c.get('caller').bind()
      return c.json({ id: session.id, userId: session.record.userId })
    })
    .get('/sessions/:id', async (c) => c.json({ id: (await c.get('caller').getById(c.req.param('id'))).id }))
    .onError(hono.answerErrors)
  app.route('/', own)
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  afterAll(() => new Promise((closed) => server.close(closed)))
  if (!server.listening) await new Promise((listening) => server.once('listening', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The same on Fastify. */
export async function serveFastify(sessions: Sessions, api: SessionApi): Promise<string> {
  const app = Fastify({
    forceCloseConnections: true,
    frameworkErrors: (_error, _request, { raw }) => void raw.writeHead(404).end(),
  })
  void app.register(fastify.sessionRoutes(api), { prefix: '/api' })
  void app.register(async (own) => {
    const callerOf = fastify.useCallers(own, {
      sessions,
      identify: ({ headers }) => userOf(headers.authorization),
    })
    own.setErrorHandler(fastify.answerErrors)
    own.addHook('onSend', async (_request, reply) => {
      reply.header('Set-Cookie', 'theme=dark')
      reply.header('Vary', addVary(reply.getHeader('Vary'), 'Accept-Encoding'))
    })
    own.post('/chat', async (request) => {
      const session = await callerOf(request).get()
      await session.append({ role: 'user', content: 'Two phones, please' })
      return { id: session.id, messages: session.record.lastSeq }
    })
    own.get('/chat', async (request) => ({
      messages: (await callerOf(request).find())?.record.lastSeq ?? 0,
    }))
    own.post('/later', async (request) => {
      const session = await callerOf(request).get()
      void session.append({ role: 'user', content: 'Later' })
      return { accepted: true }
    })
    own.post('/login', async (request) => {
      const session = await callerOf(request).bind()
      return { id: session.id, userId: session.record.userId }
    })
    own.get<{ Params: { id: string } }>('/sessions/:id', async (request) => ({
      id: (await callerOf(request).getById(request.params.id)).id,
    }))
  })
  afterAll(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}
