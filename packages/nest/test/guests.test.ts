import { Body, Controller, Get, Module, Post, Req } from '@nestjs/common'
import type { Identity, Session } from '@sessions/core'
import { createSessions } from '@sessions/core'
import { guests } from '@sessions/core/http'
import { expect, it } from 'vitest'
import {
  CurrentSession,
  RequestSession,
  SessionIdentity,
  SessionsModule,
  type SessionsRequest,
} from '../src/index.js'
import { browser, json, platforms, post, serve } from './server.js'

@Controller()
class GuestController {
  @Post('chat')
  async chat(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return { id: session.id }
  }

  @Post('chats')
  async make(@RequestSession() request: RequestSession, @Body() { title }: { title: string }) {
    const session = await (await request.mine()).create({ title })
    return { id: session.id }
  }

  @Get('chats')
  async list(@RequestSession() request: RequestSession) {
    return { count: await (await request.mine()).count() }
  }

  @Get('who')
  who(@SessionIdentity() identity: Identity) {
    return { userId: identity.userId }
  }

  @Post('login')
  async login(@RequestSession() request: RequestSession, @Req() req: { headers: Record<string, string> }) {
    req.headers['x-user'] = 'alice'
    return { id: (await request.bind()).id }
  }
}

const identify = ({ headers }: SessionsRequest): Identity => ({
  tenantId: 'acme',
  ...(headers['x-user'] === undefined ? {} : { userId: String(headers['x-user']) }),
})

it.each(platforms)(
  'guests on %s have several sessions, also over the API, and take them along',
  async (platform) => {
    const sessions = createSessions()
    @Module({
      imports: [
        SessionsModule.forRoot({
          sessions,
          identify,
          api: {},
          guests: guests({ secrets: ['a secret that only this test knows'] }),
        }),
      ],
      controllers: [GuestController],
    })
    class AppModule {}
    const url = await serve(AppModule, platform)
    const go = browser(url)
    expect((await go('/chats')).headers.getSetCookie()).toEqual([])
    const { id } = await json(await go('/chat', post({})))
    await go('/chats', post({ title: 'second' }))
    const made = await go('/sessions', post({ title: 'third' }, { 'sec-fetch-site': 'same-origin' }))
    expect(made.status).toBe(201)
    expect(await json(await go('/chats'))).toEqual({ count: 3 })
    expect((await json(await go('/who')))['userId']).toMatch(/^guest:[\w-]{24}$/)
    expect(await json(await browser(url)('/chats'))).toEqual({ count: 0 })
    expect(await json(await go('/login', post({})))).toEqual({ id })
    expect(await json(await go('/chats', { headers: { 'x-user': 'alice' } }))).toEqual({ count: 3 })
    expect(await json(await go('/chats'))).toEqual({ count: 0 })
  },
)
