import type { IncomingMessage, ServerResponse } from 'node:http'
import { type MiddlewareConsumer, Module } from '@nestjs/common'
import { createSessions } from '@sessions/core'
import { toNodeHandler } from '@sessions/core/node'
import { createInspector } from '@sessions/inspector'
import { expect, it } from 'vitest'
import { platforms, serve } from './server.js'

const sessions = createSessions()

function pagesAt(basePath: string) {
  const inspector = createInspector({
    sessions,
    basePath,
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
  return Pages
}

it.each(platforms)('on %s it stands below the global prefix, and so do its links', async (platform) => {
  const url = await serve(pagesAt('/admin/inspector'), platform, (app) => void app.setGlobalPrefix('admin'))
  const page = await fetch(`${url}/admin/inspector`, { headers: { authorization: 'Bearer operator' } })
  const links = [...(await page.text()).matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, link]) => link!)
  expect(links).toContain('/admin/inspector/style.css')
  expect(links.filter((link) => !link.startsWith('/admin/inspector'))).toEqual([])
  const style = await fetch(`${url}/admin/inspector/style.css`)
  expect(style.headers.get('content-type')).toContain('text/css')
})

it.each(platforms)('on %s an inspector stands among the pages of a module', async (platform) => {
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create({ title: 'A lamp' })
  await session.append({ role: 'user', content: 'Is it bright?' })
  const url = await serve(pagesAt('/inspector'), platform)
  const get = (path: string) => fetch(url + path, { headers: { authorization: 'Bearer operator' } })
  expect((await fetch(`${url}/inspector`)).status).toBe(401)
  expect(await (await get('/inspector')).text()).toContain('A lamp')
  const page = await get(`/inspector/sessions/${session.id}?before=9`)
  expect(await page.text()).toContain('Is it bright?')
  expect((await get('/inspector/style.css')).headers.get('content-type')).toContain('text/css')
  expect((await get('/other')).status).toBe(404)
})
