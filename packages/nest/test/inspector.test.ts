import type { IncomingMessage, ServerResponse } from 'node:http'
import { type MiddlewareConsumer, Module } from '@nestjs/common'
import { createSessions } from '@sessions/core'
import { toNodeHandler } from '@sessions/core/node'
import { createInspector } from '@sessions/inspector'
import { expect, it } from 'vitest'
import { platforms, serve } from './server.js'

const sessions = createSessions()
const inspector = createInspector({
  sessions,
  identify: ({ headers }) =>
    headers.get('authorization') === 'Bearer operator' ? { tenantId: 'acme', roles: ['admin'] } : undefined,
})
const handle = toNodeHandler(inspector, {
  path: (req) => (req as { originalUrl?: string }).originalUrl ?? req.url ?? '/',
})

@Module({})
class Pages {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((req: IncomingMessage, res: ServerResponse) => void handle(req, res))
      .forRoutes('inspector', 'inspector/*path')
  }
}

it.each(platforms)('on %s an inspector stands among the pages of a module', async (platform) => {
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create({ title: 'A lamp' })
  await session.append({ role: 'user', content: 'Is it bright?' })
  const url = await serve(Pages, platform)
  const get = (path: string) => fetch(url + path, { headers: { authorization: 'Bearer operator' } })
  expect((await fetch(`${url}/inspector`)).status).toBe(401)
  expect(await (await get('/inspector')).text()).toContain('A lamp')
  const page = await get(`/inspector/sessions/${session.id}?before=9`)
  expect(await page.text()).toContain('Is it bright?')
  expect((await get('/inspector/style.css')).headers.get('content-type')).toContain('text/css')
  expect((await get('/other')).status).toBe(404)
})
