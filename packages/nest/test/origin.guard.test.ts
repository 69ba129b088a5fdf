import { Controller, type ExecutionContext, Get, Module, Post } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { describe, expect, it } from 'vitest'
import { OriginGuard, RequestSessions, SessionsModule, type SessionsModuleOptions } from '../src/index.js'
import { json, platforms, serve } from './server.js'

const shop = 'https://shop.example'

@Controller()
class DoneController {
  @Get('done')
  look() {
    return {}
  }

  @Post('done')
  done() {
    return {}
  }
}

describe.each(platforms)('OriginGuard on %s', (platform) => {
  /** How an application with the guard answers unsafe requests with cookies. */
  async function guarded(options: SessionsModuleOptions = {}) {
    @Module({
      imports: [SessionsModule.forRoot(options)],
      controllers: [DoneController],
      providers: [{ provide: APP_GUARD, useClass: OriginGuard }],
    })
    class AppModule {}
    const url = await serve(AppModule, platform)
    const send = (headers: Record<string, string>, method = 'POST') =>
      fetch(`${url}/done`, { method, headers: { cookie: 'a=b', ...headers } })
    const status = async (headers: Record<string, string>, method?: string) =>
      (await send(headers, method)).status
    return { url, send, status }
  }

  it('keeps pages of other sites from acting for their visitors', async () => {
    const { url, send, status } = await guarded()
    const refused = await send({ origin: 'https://evil.example' })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      403,
      expect.stringContaining('application/problem+json'),
    ])
    expect(await json(refused)).toEqual({
      type: 'urn:sessions:problem:forbidden',
      title: 'Not allowed',
      status: 403,
      code: 'forbidden',
      detail: expect.stringMatching(
        /^The request may come from a page of another site: .*trustedOrigins/,
      ) as string,
    })
    expect(await status({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await status({})).toBe(403)
    expect(await status({ origin: shop })).toBe(403)
    expect(await status({ 'x-session-id': 'a.b.c.d', origin: shop })).toBe(403)
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(201)
    expect(await status({ origin: url })).toBe(201)
    expect(await status({ origin: 'https://evil.example' }, 'GET')).toBe(200)
  })

  it('lets pages of trusted origins, and credentials in a header, through where the module says so', async () => {
    const trusting = await guarded({ trustedOrigins: [shop] })
    expect(await trusting.status({ origin: shop })).toBe(201)
    expect(await trusting.status({ origin: 'https://evil.example' })).toBe(403)
    const withHeader = await guarded({ header: true })
    expect(await withHeader.status({ 'x-session-id': 'a.b.c.d', origin: shop })).toBe(201)
    expect(await withHeader.status({ origin: shop })).toBe(403)
  })
})

it('OriginGuard lets messages and events through, which no page sends', () => {
  const guard = new OriginGuard(new RequestSessions())
  for (const type of ['rpc', 'ws'])
    expect(guard.canActivate({ getType: () => type } as ExecutionContext)).toBe(true)
})
