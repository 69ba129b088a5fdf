import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common'
import { SessionError, type Sessions, type TurnUsage } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { InjectSessions, RequestSession } from '@sessions/nest'
import { z } from 'zod'
import { assistantRole } from '../caller.js'
import { sessionOf } from './session-of.js'

const tokens = z.int().min(0).max(1_000_000_000)
const text = z.string().min(1).max(100_000)

const bodySchema = z.strictObject({
  /** What the user said. */
  content: text,
  /** What the assistant answered. */
  reply: text,
  /** What its model used for that. */
  usage: z
    .strictObject({
      provider: z.string().min(1).max(100).optional(),
      model: z.string().min(1).max(100).optional(),
      inputTokens: tokens,
      outputTokens: tokens,
      cachedInputTokens: tokens.optional(),
      reasoningTokens: tokens.optional(),
    })
    .optional(),
  /** For callers that cannot send headers: a credential, or for a signed-in caller the public id. */
  sessionId: z.string().min(1).max(4096).optional(),
})

/** Where assistants enter what was said in their own chats, and what it used: the models are theirs. */
@Controller('v1')
export class TurnsController {
  readonly #sessions: Sessions

  constructor(@InjectSessions() sessions: Sessions) {
    this.#sessions = sessions
  }

  @Post('turns')
  @HttpCode(201)
  async enter(
    @Body() body: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Headers('x-session-id') inHeader: string | undefined,
    @RequestSession() request: RequestSession,
  ): Promise<object> {
    const { content, reply, usage, sessionId } = parseWith(bodySchema, body ?? {}, '')
    const { roles = [] } = await request.identity()
    if (!roles.includes(assistantRole))
      throw new SessionError('forbidden', 'Only an assistant with a key enters what it has said.')
    const session = await sessionOf(this.#sessions, request, { sessionId, inHeader })
    const result = await session.turn(
      content,
      async function* () {
        if (usage !== undefined) yield { type: 'usage', ...without(usage) }
        yield reply
      },
      key === undefined ? {} : { key },
    ).result
    return { sessionId: session.id, turnId: result.turnId, usage: shown(result.usage) }
  }
}

type Told = z.output<typeof bodySchema>['usage'] & object

/** Without what was not told. */
function without(usage: Told) {
  const { inputTokens, outputTokens, ...others } = usage
  const told = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined))
  return { inputTokens, outputTokens, ...told }
}

const shown = ({ inputTokens, outputTokens, costMicros }: TurnUsage) => ({
  inputTokens,
  outputTokens,
  costMicros,
})
