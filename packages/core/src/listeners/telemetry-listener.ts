import { SessionError } from '../errors.js'
import type { SessionEvent, SessionEventOf, SessionListener } from '../domain/events.js'

type Attributes = Record<string, string | number>

/** The part of a span that is used. */
interface Span {
  setAttributes(attributes: Attributes): unknown
  setStatus(status: { code: number }): unknown
  updateName(name: string): unknown
  end(endTime?: number): void
}

/** A turn whose end this process has not heard of. */
interface OpenTurn {
  readonly span: Span
  readonly at: number
}

interface Instrument {
  record(value: number, attributes?: Attributes): void
}

interface Counter {
  add(value: number, attributes?: Attributes): void
}

/** The part of `@opentelemetry/api` that is used. */
export interface TelemetryApi {
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options: { kind: number; startTime: number; attributes: Attributes }): Span
    }
  }
  readonly metrics: {
    getMeter(name: string): {
      createHistogram(name: string, options: { unit: string; description: string }): Instrument
      createCounter(name: string, options: { unit: string; description: string }): Counter
    }
  }
}

// The GenAI conventions of OpenTelemetry are a draft, and their package marks these names as deprecated: they stand here.
const names = {
  operation: 'gen_ai.operation.name',
  conversation: 'gen_ai.conversation.id',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.response.model',
  input: 'gen_ai.usage.input_tokens',
  output: 'gen_ai.usage.output_tokens',
  cacheRead: 'gen_ai.usage.cache_read.input_tokens',
  cacheWrite: 'gen_ai.usage.cache_creation.input_tokens',
  reasoning: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  error: 'error.type',
  tenant: 'sessions.tenant.id',
  turn: 'sessions.turn.id',
  event: 'sessions.event.type',
} as const
const operation = 'chat'
const kindInternal = 0
const statusError = 2
// Turns whose end this process never hears of: the oldest spans are given up.
const mostOpen = 10_000

type Used = SessionEventOf<'usage.recorded'>

/**
 * Tells OpenTelemetry of each turn, as a span within the span that was active when the turn began, and of tokens, durations
 * and events, as metrics. Names models, tenants and sessions, and no content, no user.
 *
 * @param api The module `@opentelemetry/api`. Without an SDK it does nothing.
 * @throws `invalid` for anything else.
 *
 * @example
 * ```ts
 * import * as telemetry from '@opentelemetry/api'
 * import { createSessions } from '@sessions/core'
 * import { telemetryListener } from '@sessions/core/listeners'
 *
 * const sessions = createSessions({ listeners: [telemetryListener(telemetry)] })
 * ```
 */
export function telemetryListener(api: TelemetryApi): SessionListener {
  const { trace, metrics } = checkedApi(api)
  const tracer = trace.getTracer('@sessions/core')
  const meter = metrics.getMeter('@sessions/core')
  const tokens = meter.createHistogram('gen_ai.client.token.usage', {
    unit: '{token}',
    description: 'Tokens that a turn used',
  })
  const durations = meter.createHistogram('gen_ai.client.operation.duration', {
    unit: 's',
    description: 'How long a turn took',
  })
  const events = meter.createCounter('sessions.events', {
    unit: '{event}',
    description: 'Events of sessions',
  })
  const open = new Map<string, OpenTurn>()

  function begin({ turnId, tenantId, sessionId, at }: SessionEventOf<'turn.started'>): void {
    const attributes = {
      [names.operation]: operation,
      [names.conversation]: sessionId,
      [names.tenant]: tenantId,
      [names.turn]: turnId,
    }
    const started = tracer.startSpan(operation, { kind: kindInternal, startTime: at, attributes })
    open.set(turnId, { span: started, at })
    if (open.size <= mostOpen) return
    const [oldest, { span }] = open.entries().next().value!
    open.delete(oldest)
    span.end()
  }

  function end(used: Used): void {
    const { model, provider, outcome, turnId, at } = used
    const about = {
      [names.operation]: operation,
      ...(provider === undefined ? {} : { [names.provider]: provider }),
      ...(model === undefined ? {} : { [names.model]: model }),
    }
    // Nothing reported is not nothing used: zeros would pull every average down.
    const isReported = used.inputTokens > 0 || used.outputTokens > 0
    if (isReported) {
      tokens.record(used.inputTokens, { ...about, [names.tokenType]: 'input' })
      tokens.record(used.outputTokens, { ...about, [names.tokenType]: 'output' })
    }
    const known = open.get(turnId)
    if (known === undefined) return
    open.delete(turnId)
    const { span } = known
    // No event says how long these took: as long as this process has known of them.
    if (outcome === 'aborted' || outcome === 'lost') took(at - known.at, outcome)
    if (model !== undefined) span.updateName(`${operation} ${model}`)
    span.setAttributes({ ...about, ...(isReported ? tokenAttributes(used) : {}) })
    if (outcome !== 'completed') {
      span.setAttributes({ [names.error]: outcome })
      if (outcome !== 'aborted') span.setStatus({ code: statusError })
    }
    span.end(at)
  }

  function took(ms: number, error?: string): void {
    durations.record(Math.max(0, ms) / 1000, {
      [names.operation]: operation,
      ...(error === undefined ? {} : { [names.error]: error }),
    })
  }

  return (event: SessionEvent) => {
    events.add(1, { [names.event]: event.type })
    if (event.type === 'turn.started') begin(event)
    else if (event.type === 'usage.recorded') end(event)
    else if (event.type === 'turn.completed') took(event.durationMs)
    else if (event.type === 'turn.failed') took(event.durationMs, 'failed')
  }
}

function checkedApi(api: Partial<TelemetryApi> | null | undefined): TelemetryApi {
  const { trace, metrics } = api ?? {}
  if (typeof trace?.getTracer === 'function' && typeof metrics?.getMeter === 'function')
    return { trace, metrics }
  throw new SessionError(
    'invalid',
    'telemetryListener takes the module @opentelemetry/api (1.9 or newer), with its trace and metrics.',
    { path: 'api' },
  )
}

function tokenAttributes(used: Used): Attributes {
  const { cachedInputTokens, cacheWriteTokens, reasoningTokens } = used
  return {
    [names.input]: used.inputTokens,
    [names.output]: used.outputTokens,
    ...(cachedInputTokens === undefined ? {} : { [names.cacheRead]: cachedInputTokens }),
    ...(cacheWriteTokens === undefined ? {} : { [names.cacheWrite]: cacheWriteTokens }),
    ...(reasoningTokens === undefined ? {} : { [names.reasoning]: reasoningTokens }),
  }
}
