import { Controller, Get, Inject } from '@nestjs/common'
import { SessionError, type Sessions } from '@sessions/core'
import { InjectSessions, RequestSession } from '@sessions/nest'
import { Usage } from '../usage.js'

/** What the caller's user used and what that cost; for the admin what everybody did, by model and day. */
@Controller('v1')
export class UsageController {
  readonly #usage: Usage
  readonly #sessions: Sessions

  constructor(@Inject(Usage) usage: Usage, @InjectSessions() sessions: Sessions) {
    this.#usage = usage
    this.#sessions = sessions
  }

  @Get('usage')
  async read(@RequestSession() request: RequestSession): Promise<object> {
    const identity = await request.identity()
    const { tenantId, userId, roles = [] } = identity
    if (userId === undefined && roles.includes('admin'))
      return { usage: await this.#sessions.usage({ tenantId, by: ['model'], bucket: 'day' }) }
    if (userId === undefined) {
      throw new SessionError('unauthenticated', 'Name your user with X-User-Id.', { path: 'X-User-Id' })
    }
    const { total } = await this.#sessions.usage({ tenantId, userId })
    const { turns, inputTokens, outputTokens, costs, unpriced } = total
    const calls = await this.#usage.of(identity)
    return { usage: { calls, turns, inputTokens, outputTokens, costs, unpriced } }
  }
}
