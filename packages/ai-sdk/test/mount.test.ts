import 'reflect-metadata'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { NestFactory } from '@nestjs/core'
import { createSessions } from '@sessions/core'
import { toExpressHandler } from '@sessions/express'
import { SessionsModule } from '@sessions/nest'
import express from 'express'
import { afterEach, expect, it } from 'vitest'
import { ChatClient } from './chat-client.js'
import { chatOf, expectKept, id, partsOf } from './chat-of.js'
import { modelOf, text } from './models.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

const chat = () => chatOf({ model: modelOf(text('0', 'Hel', 'lo.')) })
type Mounted = ReturnType<typeof chat>

async function onExpress(mounted: Mounted): Promise<number> {
  const app = express().use(express.json(), toExpressHandler(mounted))
  const server = app.listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function onNest(mounted: Mounted): Promise<number> {
  const module = SessionsModule.forRoot({ sessions: createSessions(), api: mounted })
  const app = await NestFactory.create(module, { logger: false })
  closing.push(() => app.close())
  await app.listen(0, '127.0.0.1')
  return (app.getHttpServer().address() as AddressInfo).port
}

it.each([
  ['Express', onExpress],
  ['Nest', onNest],
] as const)('is mounted on %s as the session API is', async (_, mount) => {
  const mounted = chat()
  const port = await mount(mounted)
  const handle = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    return fetch(new Request(`http://127.0.0.1:${port}${url.pathname}`, request))
  }
  const page = new ChatClient({ handle }, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(partsOf(page).at(-1)).toEqual({ type: 'text', text: 'Hello.', state: 'done' })
  await expectKept(mounted, page)
  await page.resumeStream()
  expect(page.status).toBe('ready')
})
