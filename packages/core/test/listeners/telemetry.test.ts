import diagnostics from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import type * as TelemetryModule from '@opentelemetry/api'
import type * as MetricsModule from '@opentelemetry/sdk-metrics'
import type * as TraceModule from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from 'vitest'
import { createSessions, type Respond, type SessionEvent } from '../../src/index.js'
import { diagnosticsListener, telemetryListener } from '../../src/listeners.js'
import { alice } from '../service.js'

// Their builds for `import` lack the endings of files, which Node wants.
const require = createRequire(import.meta.url)
const telemetry = require('@opentelemetry/api') as typeof TelemetryModule
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
  require('@opentelemetry/sdk-metrics') as typeof MetricsModule
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } =
  require('@opentelemetry/sdk-trace-base') as typeof TraceModule

/** A service whose turns are told to an SDK, and what the SDK has got. */
function place() {
  const spans = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  })
  const api = { trace: tracers, metrics: meters }
  const listener = telemetryListener(api)
  const sessions = createSessions({ listeners: [listener], onWarning: () => {} })
  const measured = async () => {
    await meters.forceFlush()
    const all = exporter
      .getMetrics()
      .at(-1)!
      .scopeMetrics.flatMap(({ metrics }) => metrics)
    const points = all.flatMap(({ descriptor: { name, unit }, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ name, unit, attributes, value })),
    )
    await meters.shutdown()
    return points
  }
  return {
    mine: sessions.for(alice),
    tell: (event: object): void => {
      listener(event as SessionEvent)
    },
    ended: (): TraceModule.ReadableSpan[] => spans.getFinishedSpans(),
    measured,
  }
}

const answer: Respond = () => [
  {
    type: 'usage',
    inputTokens: 12,
    outputTokens: 3,
    cachedInputTokens: 4,
    model: 'gpt-x',
    provider: 'openai',
  },
  'canary answer',
]

describe('telemetryListener', () => {
  it('tells of a turn as a span with what it used, and nothing that was said', async () => {
    const { mine, ended } = place()
    const session = await mine.create({ id: 'one' })
    const { turnId } = await session.turn('canary question', answer).result
    const [span, ...others] = ended()
    expect(others).toEqual([])
    expect(span).toMatchObject({ name: 'chat gpt-x', status: { code: 0 } })
    expect(span!.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.conversation.id': 'one',
      'gen_ai.provider.name': 'openai',
      'gen_ai.response.model': 'gpt-x',
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'sessions.tenant.id': 'acme',
      'sessions.turn.id': turnId,
    })
    expect(JSON.stringify([span!.attributes, span!.events, span!.name])).not.toMatch(/canary|alice/)
  })

  it('tells of turns that failed, and of those that a rewind ended', async () => {
    const { mine, ended } = place()
    const session = await mine.create()
    await session.turn('one', () => Promise.reject(new Error('no'))).result
    const turn = session.turn('two', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return 'late'
    })
    await turn.started
    await session.rewind(0)
    await turn.result.catch(() => {})
    await expect.poll(() => ended().length).toBe(2)
    const [failed, left] = ended()
    expect(failed).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'failed' } })
    expect(left!.attributes['error.type']).toMatch(/aborted|lost/)
  })

  it('counts tokens, durations and events', async () => {
    const { mine, measured } = place()
    const session = await mine.create()
    for (const text of ['one', 'two']) await session.turn(text, answer).result
    const points = await measured()
    const of = (name: string) => points.filter((point) => point.name === name)
    const about = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.response.model': 'gpt-x',
    }
    expect(of('gen_ai.client.token.usage')).toMatchObject([
      {
        unit: '{token}',
        attributes: { ...about, 'gen_ai.token.type': 'input' },
        value: { count: 2, sum: 24 },
      },
      { attributes: { ...about, 'gen_ai.token.type': 'output' }, value: { count: 2, sum: 6 } },
    ])
    expect(of('gen_ai.client.operation.duration')).toMatchObject([{ unit: 's', value: { count: 2 } }])
    const counted = of('sessions.events').map(({ attributes, value }) => [
      attributes['sessions.event.type'],
      value,
    ])
    expect(Object.fromEntries(counted)).toEqual({
      'session.created': 1,
      'message.appended': 4,
      'turn.started': 2,
      'turn.completed': 2,
      'usage.recorded': 2,
    })
  })

  it('tells what is known of a turn, and nothing of what is not', async () => {
    const { tell, ended, measured } = place()
    const at = Date.parse('2026-03-01T10:00:00Z')
    const about = { tenantId: 'acme', sessionId: 'one', at }
    const used = { ...about, type: 'usage.recorded', inputTokens: 5, outputTokens: 2 }
    for (const turnId of ['plain', 'left', 'lost', 'full']) tell({ ...about, type: 'turn.started', turnId })
    tell({ ...used, turnId: 'plain', outcome: 'completed' })
    tell({ ...used, turnId: 'left', outcome: 'aborted', at: at + 2000 })
    tell({ ...used, turnId: 'lost', outcome: 'lost', at: at + 3000 })
    const cached = { cachedInputTokens: 1, cacheWriteTokens: 2, reasoningTokens: 3 }
    tell({
      ...used,
      turnId: 'full',
      outcome: 'completed',
      model: 'm',
      provider: 'p',
      ...cached,
      at: at + 3000,
    })
    tell({ ...used, turnId: 'of another process', outcome: 'completed' })
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.conversation.id': 'one',
      'gen_ai.usage.input_tokens': 5,
      'gen_ai.usage.output_tokens': 2,
      'sessions.tenant.id': 'acme',
    }
    const told = ended().map((span) => {
      const others = { ...span.attributes }
      delete others['sessions.turn.id']
      return [span.name, span.status.code, others]
    })
    expect(told).toEqual([
      ['chat', 0, attributes],
      ['chat', 0, { ...attributes, 'error.type': 'aborted' }],
      ['chat', 2, { ...attributes, 'error.type': 'lost' }],
      [
        'chat m',
        0,
        {
          ...attributes,
          'gen_ai.provider.name': 'p',
          'gen_ai.response.model': 'm',
          'gen_ai.usage.cache_read.input_tokens': 1,
          'gen_ai.usage.cache_creation.input_tokens': 2,
          'gen_ai.usage.reasoning.output_tokens': 3,
        },
      ],
    ])
    expect(ended().at(-1)).toMatchObject({ startTime: [at / 1000, 0], endTime: [at / 1000 + 3, 0] })
    tell({ ...about, type: 'turn.completed', durationMs: 1500 })
    tell({ ...about, type: 'turn.failed', durationMs: 250 })
    const points = await measured()
    const operation = { 'gen_ai.operation.name': 'chat' }
    const durations = points.filter(({ name }) => name === 'gen_ai.client.operation.duration')
    expect(durations.map((point) => [point.attributes, (point.value as { sum: number }).sum])).toEqual([
      [{ ...operation, 'error.type': 'aborted' }, 2],
      [{ ...operation, 'error.type': 'lost' }, 3],
      [operation, 1.5],
      [{ ...operation, 'error.type': 'failed' }, 0.25],
    ])
    const tokens = points.filter(({ name }) => name === 'gen_ai.client.token.usage')
    expect(tokens.map((point) => [point.attributes, (point.value as { sum: number }).sum])).toEqual([
      [{ ...operation, 'gen_ai.token.type': 'input' }, 20],
      [{ ...operation, 'gen_ai.token.type': 'output' }, 8],
      [
        {
          ...operation,
          'gen_ai.provider.name': 'p',
          'gen_ai.response.model': 'm',
          'gen_ai.token.type': 'input',
        },
        5,
      ],
      [
        {
          ...operation,
          'gen_ai.provider.name': 'p',
          'gen_ai.response.model': 'm',
          'gen_ai.token.type': 'output',
        },
        2,
      ],
    ])
    expect(points.find(({ name }) => name === 'sessions.events')?.unit).toBe('{event}')
  })

  it('measures turns that were stopped, and no tokens where nobody reported any', async () => {
    const { mine, ended, measured } = place()
    const session = await mine.create()
    await session.turn('one', () => 'no model').result
    const stopped = session.turn('two', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return 'late'
    })
    await stopped.started
    await session.cancel()
    await stopped.result
    for (const { attributes } of ended()) expect(Object.keys(attributes).join()).not.toContain('tokens')
    const points = await measured()
    expect(points.filter(({ name }) => name === 'gen_ai.client.token.usage')).toEqual([])
    const durations = points.filter(({ name }) => name === 'gen_ai.client.operation.duration')
    expect(durations).toMatchObject([
      { attributes: { 'gen_ai.operation.name': 'chat' }, value: { count: 1 } },
      { attributes: { 'error.type': 'aborted' }, value: { count: 1 } },
    ])
  })

  it('says what it takes', () => {
    for (const api of [
      undefined,
      null,
      {},
      telemetry.trace,
      { trace: telemetry.trace },
      { trace: {}, metrics: {} },
    ])
      expect(() => telemetryListener(api as never)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'api' }) as Error,
      )
    for (const channels of [undefined, {}, { channel: 'x' }])
      expect(() => diagnosticsListener(channels as never)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'channels' }) as Error,
      )
  })

  it('gives up the oldest of the turns whose end it does not hear of, and no other', () => {
    const { tell, ended } = place()
    const begun = (n: number) =>
      tell({ type: 'turn.started', tenantId: 'acme', sessionId: 'one', at: 1000, turnId: `turn ${n}` })
    for (let n = 0; n < 10_000; n++) begun(n)
    expect(ended()).toEqual([])
    begun(10_000)
    expect(ended().map(({ attributes }) => attributes['sessions.turn.id'])).toEqual(['turn 0'])
  })

  it('does nothing where there is no SDK', async () => {
    const warnings: unknown[] = []
    const listeners = [telemetryListener(telemetry)]
    const sessions = createSessions({ listeners, onWarning: (warning) => warnings.push(warning) })
    await (await sessions.for(alice).create()).turn('one', answer).result
    expect(warnings).toEqual([])
  })
})

describe('diagnosticsListener', () => {
  it('publishes events for those who have subscribed', async () => {
    const sessions = createSessions({ listeners: [diagnosticsListener(diagnostics)] })
    const mine = sessions.for(alice)
    const got: unknown[] = []
    const hear = (event: unknown): unknown => got.push(event)
    diagnostics.subscribe('sessions:session.created', hear)
    await mine.create({ id: 'one' })
    diagnostics.unsubscribe('sessions:session.created', hear)
    await mine.create({ id: 'two' })
    expect((got as SessionEvent[]).map(({ type, sessionId }) => [type, sessionId])).toEqual([
      ['session.created', 'one'],
    ])
  })
})
