import { Controller, Get, Module } from '@nestjs/common'
import { apiFixture } from '@sessions/core/testing'
import { afterAll } from 'vitest'
import { SessionsModule } from '../src/index.js'
import { listen, type Platform } from './server.js'

@Controller()
class OtherController {
  @Get('other')
  other() {
    return 'the application'
  }
}

/** The API in a running application of Nest: its URL. */
export async function serve(platform: Platform, basePath: string): Promise<string> {
  @Module({
    imports: [SessionsModule.forRoot({ api: apiFixture({ basePath }) })],
    controllers: [OtherController],
  })
  class AppModule {}

  const { app, url } = await listen(AppModule, platform)
  afterAll(() => app.close())
  return url + basePath
}
