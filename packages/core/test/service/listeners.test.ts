import { afterEach, expect, it, vi } from 'vitest'
import { createListeners } from '../../src/service/events.js'

afterEach(() => void vi.useRealTimers())

const subject = { tenantId: 'acme', id: 's', userId: 'alice', incarnation: 'i' }
const alice = { tenantId: 'acme', userId: 'alice' }

/** Listeners, and what they were told and warned of. */
function scene(options: object) {
  const warnings: { code: string; message: string; cause?: unknown }[] = []
  const listeners = createListeners(options, (warning) => warnings.push(warning))
  const emit = listeners.emit as unknown as (type: string, of: object, details: object, by: unknown) => void
  return { emit, flush: listeners.flush, warnings }
}

it('an event says what happened, where, when, and by whom', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 5000 })
  const told: Record<string, unknown>[] = []
  const { emit } = scene({ onEvent: (event: never) => told.push(event) })
  emit('session.renamed', subject, { title: 'x' }, alice)
  const { id, ...event } = told[0]!
  expect(event).toEqual({
    type: 'session.renamed',
    tenantId: 'acme',
    sessionId: 's',
    userId: 'alice',
    actor: { userId: 'alice' },
    at: 5000,
    title: 'x',
  })
  emit('session.renamed', subject, {}, { tenantId: 'acme' })
  emit('session.renamed', { tenantId: 'acme', id: 's' }, {}, 'system')
  expect(told.map(({ actor }) => actor)).toEqual([{ userId: 'alice' }, 'anonymous', 'system'])
  expect(new Set([id, ...told.slice(1).map((each) => each['id'])]).size).toBe(3)
  emit('usage.recorded', subject, { turnId: 't' }, alice)
  emit('message.appended', subject, { seq: 7 }, alice)
  emit('message.appended', { ...subject, incarnation: undefined }, { seq: 7 }, alice)
  const ids = told.slice(3).map((each) => each['id'])
  expect(ids.slice(0, 2)).toEqual(['t', 'i:7'])
  expect(ids[2]).not.toMatch(/:7$/)
})

it('every listener is told, suspicions beside them, and a failure is a warning of its own', async () => {
  const told: string[] = []
  const hear = (name: string) => (event: { type: string }) => void told.push(`${name} ${event.type}`)
  const failing = {
    on: () => Promise.reject(new Error('later')),
    flush: () => Promise.reject(new Error('not sent')),
  }
  const { emit, flush, warnings } = scene({
    onEvent: () => {
      throw new Error('now')
    },
    listeners: [failing, hear('one'), { on: hear('two'), flush: async () => void told.push('flushed') }],
    suspicion: { on: hear('suspicion') },
  })
  emit('session.created', subject, {}, alice)
  emit('access.suspicious', subject, {}, alice)
  await flush()
  expect(told).toEqual([
    'one session.created',
    'two session.created',
    'one access.suspicious',
    'two access.suspicious',
    'suspicion access.suspicious',
    'flushed',
  ])
  const failed = (what: string, why: string) => ({
    code: 'listener_failed',
    message: `A listener failed on ${what}.`,
    cause: new Error(why),
  })
  expect(warnings).toHaveLength(5)
  for (const one of [
    failed('session.created', 'now'),
    failed('access.suspicious', 'later'),
    failed('flush', 'not sent'),
  ])
    expect(warnings).toContainEqual(one)
})

it('nobody is told where nobody listens, and what is no listener is refused', async () => {
  const { emit, flush, warnings } = scene({ suspicion: {} })
  emit('session.created', subject, {}, alice)
  await flush()
  expect(warnings).toEqual([])
  for (const wrong of [undefined, null, {}, { on: 5 }, 'text'])
    expect(() => scene({ listeners: [() => {}, wrong] })).toThrow(
      expect.objectContaining({
        code: 'invalid',
        path: 'listeners[1]',
        message: 'listeners[1] is neither a function nor has it one called on',
      }),
    )
})
