import { Controller, Get, Module } from '@nestjs/common'
import { apiFixture, describeSessionApi } from '@sessions/core/testing'
import { afterAll } from 'vitest'
import { SessionsModule } from '../src/index.js'
import { listen, platforms } from './server.js'

@Controller()
class OtherController {
  @Get('other')
  other() {
    return 'the application'
  }
}

for (const platform of platforms) {
  for (const basePath of ['', '/api/v1']) {
    @Module({
      imports: [SessionsModule.forRoot({ api: apiFixture({ basePath }) })],
      controllers: [OtherController],
    })
    class AppModule {}

    const { app, url } = await listen(AppModule, platform)
    afterAll(() => app.close())
    const where = basePath === '' ? 'at the root' : `under ${basePath}`
    describeSessionApi(`Nest on ${platform}, ${where}`, (path, init) => fetch(url + basePath + path, init))
  }
}
