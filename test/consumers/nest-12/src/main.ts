import 'reflect-metadata'
import { deepStrictEqual } from 'node:assert'
import { Controller, Get, Module, Post, Sse } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Session } from '@sessions/core'
import { guests } from '@sessions/core/http'
import { CurrentSession, RequestSession, SessionsModule } from '@sessions/nest'
import { of } from 'rxjs'

@Controller()
class ChatController {
  @Post('chat')
  async chat(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return { id: session.id }
  }

  @Get('count')
  async count(@RequestSession() request: RequestSession) {
    return { count: await (await request.mine()).count() }
  }

  @Sse('stream')
  async stream(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return of({ data: session.id })
  }
}

@Module({
  imports: [
    SessionsModule.forRoot({
      api: {},
      guests: guests({ secrets: ['a secret that only this project knows'] }),
    }),
  ],
  controllers: [ChatController],
})
class AppModule {}

const context = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] })
await context.close()
const app = await NestFactory.create(AppModule, new FastifyAdapter({ forceCloseConnections: true }), {
  logger: ['error'],
})
await app.listen(0, '127.0.0.1')
const url = await app.getUrl()
const said = await fetch(`${url}/chat`, { method: 'POST' })
const cookies = said.headers.getSetCookie().map((each) => each.split(';')[0]!)
const cookie = cookies.join('; ')
const streamed = await fetch(`${url}/stream`, { headers: { cookie } })
deepStrictEqual(
  {
    said: said.status,
    names: cookies.map((each) => each.split('=')[0]),
    isStreamed: (await streamed.text()).includes(((await said.json()) as { id: string }).id),
    count: await (await fetch(`${url}/count`, { headers: { cookie } })).json(),
  },
  { said: 201, names: ['guest', 'sessions'], isStreamed: true, count: { count: 1 } },
)
await app.close()
