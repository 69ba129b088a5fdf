import { createSessionApi, type SessionApi } from '../http/api.js'
import type { SessionApiOptions } from '../http/api-options.js'
import { textOf } from '../domain/message.js'
import type { TurnSettings } from '../service/settings.js'
import type { Respond, Tools } from '../session.js'
import { createSessions, type Sessions } from '../sessions.js'
import type { SessionStore } from '../contract/session-store.js'

/** Options of the fixture, beside those of `createSessionApi`. Each has a default that the suite expects. */
export interface ApiFixtureOptions extends Partial<SessionApiOptions> {
  /** Default: `memoryStore()`. */
  store?: SessionStore
  /** How the turns of its service behave (default: as in production, but quicker to tell). */
  serviceTurns?: TurnSettings
  /** How often the model has been asked in a session, this time included (default: as this process has counted). */
  countAsked?: (session: string) => number | Promise<number>
}

/** The API of the fixture, with the service behind it. */
export interface ApiFixture extends SessionApi {
  /** Its service, unless the options have brought one. */
  readonly sessions: Sessions
}

/**
 * The API that `describeSessionApi` talks to: mount it, in whatever framework, and hand the suite a `fetch` that
 * reaches it. A caller is who their token says, `Authorization: Bearer <tenant>/<user>[/<role>]`, or nobody in
 * particular. The model does as the message says: `slow` waits until the state of its session says `go`, `fail` fails,
 * `count` says how often it was asked, `tools` calls a tool, `locate` calls a tool that the client runs, `cut` is cut
 * off, and any other message comes back as an echo.
 */
export function apiFixture(options: ApiFixtureOptions = {}): ApiFixture {
  const { store, serviceTurns, countAsked = counter(), ...others } = options
  const sessions = createSessions({
    credentialSecrets: ['a secret that only the suite may know'],
    transfers: { url: 'https://app.test/continue', returnToOrigins: ['https://app.test'] },
    consent: {},
    audit: { secrets: ['another secret that only the suite may know'] },
    usage: {},
    adminReads: (tenantId) => !tenantId.startsWith('unread-'),
    turns: { heartbeatMs: 25, flushMs: 5, ...serviceTurns },
    ...(store === undefined ? {} : { store }),
    onWarning: () => {},
  })
  const api = createSessionApi({
    sessions,
    identify: identifyByToken,
    respond: scriptedModel(countAsked),
    tools,
    clientTools: ['locate'],
    header: true,
    userRoutes: true,
    importRoute: true,
    auditRoutes: others.sessions === undefined,
    usageRoutes: others.sessions === undefined,
    analyticsRoutes: true,
    searchRoutes: true,
    onError: () => {},
    ...others,
  })
  return Object.assign(api, { sessions })
}

function identifyByToken(request: Request) {
  const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (token === undefined) return { tenantId: 'public' }
  const [tenantId, userId, role] = token.split('/').map(decodeURIComponent)
  if (tenantId === 'nobody') return Response.json({ error: 'who?' }, { status: 401 })
  return {
    tenantId: tenantId!,
    ...(userId === undefined ? {} : { userId }),
    ...(role === undefined ? {} : { roles: [role] }),
  }
}

const pollMs = 5

function counter(): (session: string) => number {
  const asked = new Map<string, number>()
  return (session) => {
    const count = (asked.get(session) ?? 0) + 1
    asked.set(session, count)
    return count
  }
}

function scriptedModel(countAsked: (session: string) => number | Promise<number>): Respond {
  return async function* (turn) {
    const count = await countAsked(JSON.stringify([turn.session.tenantId, turn.session.id]))
    const said = textOf({ content: turn.input })
    if (said === 'count') {
      yield String(count)
    } else if (said === 'fail') {
      yield 'par'
      throw new Error('a secret of ours')
    } else if (said.startsWith('slow')) {
      yield 'be'
      while (!turn.signal.aborted && (await turn.state.get())['go'] !== true) {
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
      yield 'gun'
    } else if (said === 'tools' && turn.steps.length === 0) {
      yield { type: 'tool-call', toolCallId: 'c1', toolName: 'addPhone', input: { quantity: 2 } }
    } else if (said === 'locate') {
      yield { type: 'tool-call', toolCallId: 'c1', toolName: 'locate', input: {} }
    } else if (typeof turn.input !== 'string' && turn.input.some(({ type }) => type === 'tool-result')) {
      yield `located ${turn.input.map(({ output }) => JSON.stringify(output)).join()}`
    } else if (said === 'cut') {
      yield 'and so'
      yield { type: 'usage', inputTokens: 9, outputTokens: 4, cachedInputTokens: 6, reasoningTokens: 1 }
      yield { type: 'finish', finishReason: 'length' }
    } else if (said === 'documents') {
      yield { type: 'document', document: { id: 'd1', title: 'Guide' } }
      yield { type: 'usage', inputTokens: 3, outputTokens: 2, costMicros: 7, model: 'scripted' }
      yield 'See the guide'
    } else if (said === 'options') {
      yield JSON.stringify(turn.options)
    } else {
      yield 'echo: '
      yield said
    }
  }
}

const tools: Tools = {
  addPhone: {
    description: 'Puts phones into the cart',
    execute: async ({ quantity }: { quantity: number }, { cart }) => {
      await cart.add({ sku: 'P1', name: 'Phone', quantity, price: { amount: 100, currency: 'EUR' } })
      return { secret: 'warehouse 7' }
    },
  },
}
