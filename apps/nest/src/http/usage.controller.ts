import { Controller, Get, Inject } from '@nestjs/common'
import { SessionError } from '@sessions/core'
import { RequestSession } from '@sessions/nest'
import { Usage } from '../usage.js'

/** What is counted of the caller's user. */
@Controller('v1')
export class UsageController {
  readonly #usage: Usage

  constructor(@Inject(Usage) usage: Usage) {
    this.#usage = usage
  }

  @Get('usage')
  async read(@RequestSession() request: RequestSession): Promise<object> {
    const identity = await request.identity()
    if (identity.userId === undefined) {
      throw new SessionError('unauthenticated', 'Name your user with X-User-Id.', { path: 'X-User-Id' })
    }
    return { usage: { calls: await this.#usage.of(identity) } }
  }
}
