import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { createSessions } from '@sessions/core'
import { describe, expect, it, vi } from 'vitest'
import { SessionsModule } from '../src/index.js'
import { json, listen, platforms, post } from './server.js'

describe.each(platforms)('on %s, an application that closes', (platform) => {
  it('ends streams that have no end, lets a turn come to its own, and runs close', async () => {
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const close = vi.fn()
    @Module({
      imports: [
        SessionsModule.forRoot({
          identify: () => ({ tenantId: 'acme', userId: 'alice' }),
          close,
          api: {
            async *respond() {
              yield 'Hel'
              await finished
              yield 'lo'
            },
          },
        }),
      ],
    })
    class ApiModule {}
    const fastify = new FastifyAdapter({ keepAliveTimeout: 1 })
    const { app, url } = await listen(ApiModule, platform, undefined, fastify)
    const made = (await json(await fetch(`${url}/sessions`, post({})))) as { session: { id: string } }
    const at = `${url}/sessions/${made.session.id}`
    const warnings: string[] = []
    const onWarning = ({ name }: Error) => void warnings.push(name)
    process.on('warning', onWarning)
    // More than listen to one thing by Node's count, which takes more for a leak.
    const streams = await Promise.all(Array.from({ length: 12 }, () => fetch(`${at}/events`)))
    const readers = streams.map(({ body }) => body!.getReader())
    for (const reader of readers) expect((await reader.read()).done).toBe(false)
    const stream = { accept: 'text/event-stream' }
    const turn = await fetch(`${at}/message`, post({ content: 'Hi' }, stream))
    const said = turn.text()
    const closing = app.close()
    for (const reader of readers) while (!(await reader.read()).done);
    expect(close).not.toHaveBeenCalled()
    finish()
    expect(await said).toContain('completed')
    await closing
    expect(close).toHaveBeenCalledTimes(1)
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

const sessions = createSessions()

it.each<[string, Record<string, unknown>]>([
  ['sessions', { sessions: {} }],
  ['service', { sessions, service: {} }],
  ['identify', { identify: { tenantId: 'acme' } }],
  ['api', { api: true }],
  ['close', { close: 5 }],
  ['controller', { controller: Date, api: {} }],
])('an application with a wrong option of the module does not start: %s', async (path, options) => {
  const start = async () => {
    @Module({ imports: [SessionsModule.forRoot(options)] })
    class AppModule {}
    return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
  }
  await expect(start()).rejects.toMatchObject({ code: 'invalid', path })
})
