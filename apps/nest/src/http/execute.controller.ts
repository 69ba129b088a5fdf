import type { ServerResponse } from 'node:http'
import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common'
import { type Identity, SessionError, type Sessions } from '@sessions/core'
import { parseWith, toLogLine } from '@sessions/core/node'
import { InjectSessions, RequestSession } from '@sessions/nest'
import { z } from 'zod'
import { execute } from '../execution.js'
import { ToolRegistry } from '../tools/tool-registry.js'
import { Usage } from '../usage.js'
import { sessionOf } from './session-of.js'

const bodySchema = z.strictObject({
  tool: z.string().min(1).max(100),
  input: z.record(z.string(), z.json()).default({}),
  /** For callers that cannot send headers: a credential, or for a signed-in caller the public id. */
  sessionId: z.string().min(1).max(4096).optional(),
})
const keySchema = z.string().regex(/^[\w.:-]{1,150}$/, 'must be 1 to 150 letters, digits and . _ : -')

/** The routes by which assistants call tools. */
@Controller('v1')
export class ExecuteController {
  readonly #sessions: Sessions
  readonly #tools: ToolRegistry
  readonly #usage: Usage

  constructor(
    @InjectSessions() sessions: Sessions,
    @Inject(ToolRegistry) tools: ToolRegistry,
    @Inject(Usage) usage: Usage,
  ) {
    this.#sessions = sessions
    this.#tools = tools
    this.#usage = usage
  }

  @Get('tools')
  list(): object {
    return { tools: this.#tools.describe() }
  }

  /** Runs a tool in the caller's session; without one, the first write of the tool begins a session. */
  @Post('execute')
  @HttpCode(200)
  async execute(
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('x-session-id') inHeader: string | undefined,
    @RequestSession() request: RequestSession,
    @Res({ passthrough: true }) res: ServerResponse,
  ): Promise<object> {
    const { tool: name, input, sessionId } = parseWith(bodySchema, body ?? {}, '')
    const key =
      idempotencyKey === undefined ? undefined : parseWith(keySchema, idempotencyKey, 'Idempotency-Key')
    const tool = this.#tools.find(name)
    if (tool === undefined) throw new SessionError('not_found', 'There is no such tool.', { path: 'tool' })
    const session = await sessionOf(this.#sessions, request, { sessionId, inHeader })
    const { output, merchant, isRepeat } = await execute(session, tool, input, {
      key,
      signal: hangUp(res),
    })
    if (isRepeat) res.setHeader('Idempotency-Replayed', 'true')
    else await this.#count(session.identity, name)
    return { sessionId: session.isStored ? session.id : null, tool: name, merchant: merchant ?? null, output }
  }

  /** The call has gone well, whatever becomes of its count. */
  async #count(identity: Identity, tool: string): Promise<void> {
    try {
      await this.#usage.count(identity, tool)
    } catch (error) {
      console.error(toLogLine(error))
    }
  }
}

/** Aborted when the caller leaves before the answer is complete; at once, when it has left while its session was found. */
function hangUp(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  const leave = (): void => {
    if (!res.writableFinished) gone.abort()
  }
  if (res.destroyed) leave()
  else res.once('close', leave)
  return gone.signal
}
