import { Controller, Injectable, Module, Post, Scope } from '@nestjs/common'
import { APP_GUARD, REQUEST } from '@nestjs/core'
import { createSessions, type Session } from '@sessions/core'
import { guests } from '@sessions/core/http'
import { describe, expect, it } from 'vitest'
import {
  CurrentSession,
  OriginGuard,
  RequestSession,
  SessionsModule,
  type SessionsFeatureOptions,
  type SessionsRootOptions,
} from '../src/index.js'
import { browser, json, platforms, post, serve } from './server.js'

const secret = 'a secret that only these tests may know'
const hello = { role: 'user', content: 'Hi' } as const

@Controller()
class BothController {
  @Post('both')
  async both(@CurrentSession() one: Session, @CurrentSession({ service: 'support' }) two: Session) {
    await one.append(hello)
    await two.append(hello)
    return { ids: [one.id, two.id], users: [one.identity.userId, two.identity.userId] }
  }

  @Post('login')
  async login(
    @RequestSession() one: RequestSession,
    @RequestSession({ service: 'support' }) two: RequestSession,
    @CurrentSession() seen: Session,
  ) {
    user = 'alice'
    return { seen: seen.id, ids: [(await one.bind()).id, (await two.bind()).id] }
  }
}

let user: string | undefined

async function both(root: SessionsRootOptions, feature: SessionsFeatureOptions): Promise<string> {
  user = undefined
  @Module({
    imports: [
      SessionsModule.forRoot({ identify: () => ({ tenantId: 'acme', userId: user }), ...root }),
      SessionsModule.forFeature('support', feature),
    ],
    controllers: [BothController],
  })
  class BothModule {}
  return serve(BothModule, 'Express')
}

describe('two services', () => {
  it.each([true, false])(
    'have one guest, or none, and give their sessions to who signs in: %j',
    async (hasGuests) => {
      const named = hasGuests ? { guests: guests({ secrets: [secret] }) } : {}
      const go = browser(await both(named, named))
      const { ids, users } = await json(await go('/both', post({})))
      const [one, two] = users as string[]
      expect(one).toBe(two)
      expect(await json(await go('/both', post({})))).toEqual({ ids, users })
      expect(await json(await go('/login', post({})))).toEqual({ seen: (ids as string[])[0], ids })
      expect(await json(await go('/both', post({})))).toEqual({ ids, users: ['alice', 'alice'] })
    },
  )

  it('are refused at the start when they have one cookie', async () => {
    const chat = { cookie: { name: 'chat' } }
    const path = 'cookie.name'
    await expect(both(chat, chat)).rejects.toMatchObject({ code: 'invalid', path })
    await expect(both({}, { cookie: { name: 'sessions' } })).rejects.toMatchObject({ code: 'invalid', path })
    const [one, two] = [guests({ secrets: [secret] }), guests({ secrets: [secret] })]
    await expect(both({ guests: one }, { guests: two })).rejects.toMatchObject({
      code: 'invalid',
      path: 'guests.cookie.name',
    })
    await expect(both({ guests: one, cookie: { name: 'guest' } }, {})).rejects.toMatchObject({
      code: 'invalid',
      path,
    })
  })

  it('may share a cookie when they are one, and have none', async () => {
    const sessions = createSessions()
    const lent = { sessions, cookie: { name: 'chat' } }
    const headerOnly = { cookie: false, header: true } as const
    for (const [one, two] of [
      [lent, lent],
      [headerOnly, headerOnly],
    ] as const)
      expect(await both(one, two)).toMatch(/^http/)
    const apart = guests({ secrets: [secret], cookie: { name: 'visitor' } })
    expect(await both({ guests: guests({ secrets: [secret] }) }, { guests: apart })).toMatch(/^http/)
  })
})

@Controller()
class FeatureController {
  @Post('say')
  async say(@CurrentSession({ service: 'support' }) session: Session) {
    await session.append(hello)
    return { id: session.id }
  }

  @Post('wrong')
  async wrong(@CurrentSession({ service: 'support' }) session: Session) {
    await session.append({ role: 'nobody', content: '' } as never)
  }
}

describe.each(platforms)('an application of features alone on %s', (platform) => {
  const served = (...problems: (boolean | undefined)[]) => {
    @Module({
      imports: problems.map((each, at) =>
        SessionsModule.forFeature(at === 0 ? 'support' : `other-${at}`, {
          trustedOrigins: ['https://shop.example'],
          ...(each === undefined ? {} : { problems: each }),
        }),
      ),
      controllers: [FeatureController],
      providers: [{ provide: APP_GUARD, useClass: OriginGuard }],
    })
    class FeatureModule {}
    return serve(FeatureModule, platform)
  }

  it('answers problems, and keeps pages of other sites out', async () => {
    const go = browser(await served(undefined, false))
    expect((await go('/say', post({}))).status).toBe(201)
    const own = { 'sec-fetch-site': 'same-origin' }
    const wrong = await go('/wrong', post({}, own))
    expect([wrong.status, (await json(wrong))['code']]).toEqual([400, 'invalid'])
    expect((await go('/say', post({}, { origin: 'https://evil.example' }))).status).toBe(403)
    expect((await go('/say', post({}, { origin: 'https://shop.example' }))).status).toBe(201)
  })

  it('leaves problems to Nest where its first feature says so', async () => {
    const go = browser(await served(false, undefined))
    expect((await go('/wrong', post({}))).status).toBe(500)
  })
})

@Injectable({ scope: Scope.REQUEST })
class PerRequest {}

@Module({ providers: [PerRequest], exports: [PerRequest] })
class PerRequestModule {}

it.each([REQUEST, PerRequest])(
  'refuses at the start options that differ from request to request',
  async (token) => {
    @Module({
      imports: [
        SessionsModule.forRootAsync({
          imports: [PerRequestModule],
          inject: [token],
          useFactory: () => ({}),
        }),
      ],
    })
    class AppModule {}
    await expect(serve(AppModule, 'Express')).rejects.toMatchObject({
      code: 'invalid',
      path: 'inject',
      message: expect.stringContaining('identify'),
    })
  },
)
