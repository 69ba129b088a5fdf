import { expect, it, vi } from 'vitest'
import { createSessionApi } from '../src/http.js'
import { createSessions, memoryStore } from '../src/index.js'
import { webhookListener } from '../src/listeners.js'
import { checkStore, setDeadline } from '../src/store.js'
import { wrapStore } from '../src/testing.js'
import { alice, codeOf, service, startGate } from './service.js'

const calls = { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: {} } as const

// A timer that is to wait longer than 2 ** 31 - 1 ms ends after one.
it.each([2 ** 31, 2 ** 32, Number.POSITIVE_INFINITY])(
  'a tool that may take %d ms is waited for, and so are a store and the readers of a turn',
  async (ms) => {
    const warnings = vi.fn()
    process.on('warning', warnings)
    const gate = startGate()
    const slow = wrapStore(memoryStore(), async (_, call) => {
      await gate.opened
      return call()
    })
    const health = createSessions({ store: slow }).health({ timeoutMs: ms })
    const over = vi.fn()
    const stop = setDeadline(ms, over)
    const session = await service({ turns: { toolTimeoutMs: ms, flushMs: ms }, reads: { maxAgeMs: ms } })
      .for(alice)
      .create()
    const { replies, status } = await session.turn(
      'Look',
      async function* ({ steps }) {
        if (steps.length > 0) return yield 'Done'
        yield calls
      },
      { tools: { look: { execute: () => new Promise((resolve) => setTimeout(() => resolve('seen'), 20)) } } },
    ).result
    gate.open()
    expect(await health).toMatchObject({ ok: true, store: { ok: true } })
    expect(over).not.toHaveBeenCalled()
    stop()
    expect(status).toBe('completed')
    expect(replies[1]?.content).toEqual([
      { type: 'tool-result', toolCallId: 'c1', toolName: 'look', output: 'seen' },
    ])
    process.off('warning', warnings)
    expect(warnings).not.toHaveBeenCalled()
  },
)

it.each([1500.5, 0.5, 2 ** 31, Number.POSITIVE_INFINITY])('a webhook has no %d ms', (ms) => {
  const options = { url: 'https://example.com', secrets: [`whsec_${'a'.repeat(44)}`] }
  for (const path of ['timeoutMs', 'flushMs']) {
    expect(() => webhookListener({ ...options, [path]: ms })).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  }
})

it('a part of a millisecond is refused by an API, and so is what no timer can wait by a check of a store', async () => {
  const options = { sessions: createSessions(), identify: () => alice }
  for (const path of ['idempotencyMs', 'streamHeartbeatMs']) {
    expect(() => createSessionApi({ ...options, [path]: 1500.5 })).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  }
  expect(await codeOf(checkStore(memoryStore(), { timeoutMs: 2 ** 31 }))).toBe('invalid')
})
