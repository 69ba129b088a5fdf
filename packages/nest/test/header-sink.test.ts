import type { ServerResponse } from 'node:http'
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Module,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common'
import { createSessions, memoryStore, type Session, SessionError } from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { CurrentSession, SessionsModule } from '../src/index.js'
import { platforms, serve } from './server.js'

type Platform = (typeof platforms)[number]
type Sent = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void }

/** Sets headers of its own before anybody asks for a session. */
class Dressing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const response = context.switchToHttp().getResponse<{
      header(name: string, value: string): unknown
    }>()
    response.header('Cache-Control', 'private, max-age=60')
    response.header('Set-Cookie', 'theme=dark')
    return true
  }
}

const codes: unknown[] = []

@Controller()
class WritingController {
  @Post('raw')
  async raw(@CurrentSession() session: Session, @Res() response: Sent) {
    await session.append({ role: 'user', content: 'Hi' })
    response.hijack?.()
    ;(response.raw ?? response).writeHead(200).end('{}')
  }

  @Post('caught')
  async caught(@CurrentSession() session: Session, @Res() response: Sent) {
    await session
      .append({ role: 'user', content: 'Hi' })
      .catch((error: SessionError) => codes.push(error.code))
    response.hijack?.()
    ;(response.raw ?? response).writeHead(200).end('{}')
  }

  @Post('late')
  async late(@CurrentSession() session: Session, @Res() response: Sent) {
    const raw = response.raw ?? response
    raw.write('begun')
    await session
      .append({ role: 'user', content: 'late' })
      .catch((error: SessionError) => codes.push(error.code))
    raw.end()
    response.hijack?.()
  }

  @Post('dressed')
  @UseGuards(Dressing)
  async dressed(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return {}
  }

  @Post('plain')
  async plain(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return {}
  }
}

async function application(platform: Platform, isDown = false) {
  const store = wrapStore(memoryStore(), (method, call) =>
    isDown && method === 'commit'
      ? Promise.reject(new SessionError('unavailable', 'The store is away.'))
      : call(),
  )
  const sessions = createSessions({ store })
  @Module({ imports: [SessionsModule.forRoot({ sessions })], controllers: [WritingController] })
  class AppModule {}
  const url = await serve(AppModule, platform)
  const send = (path: string) => fetch(url + path, { method: 'POST' })
  const stored = async () =>
    (await sessions.for({ tenantId: 'default', roles: ['admin'] }).list()).items.length
  return { send, stored }
}

const namesIn = (response: Response) => response.headers.getSetCookie().map((line) => line.split('=')[0])

describe.each(platforms)('a response on %s', (platform) => {
  it('carries the credential when a handler writes to Node’s own', async () => {
    const { send, stored } = await application(platform)
    const answer = await send('/raw')
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]).toEqual([
      200,
      'no-store',
      'Cookie',
    ])
    expect(namesIn(answer)).toEqual(['sessions'])
    expect(await stored()).toBe(1)
  })

  it('that has begun carries none, and nothing is stored', async () => {
    const { send, stored } = await application(platform)
    codes.length = 0
    const answer = await send('/late')
    expect([await answer.text(), answer.headers.getSetCookie()]).toEqual(['begun', []])
    expect(codes).toEqual(['headers_sent'])
    expect(await stored()).toBe(0)
  })

  it('keeps the headers that the application has set', async () => {
    const { send } = await application(platform)
    const answer = await send('/dressed')
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'private, max-age=60'])
    expect(namesIn(answer)).toEqual(['theme', 'sessions'])
  })

  it('gives the credential back, and no other cookie, when the store takes no session', async () => {
    const { send, stored } = await application(platform, true)
    for (const [path, names] of [
      ['/dressed', ['theme']],
      ['/plain', []],
    ] as const) {
      const answer = await send(path)
      expect([answer.status, namesIn(answer)]).toEqual([503, names])
    }
    codes.length = 0
    const caught = await send('/caught')
    expect([caught.status, namesIn(caught), codes]).toEqual([200, [], ['unavailable']])
    expect(await stored()).toBe(0)
  })
})
