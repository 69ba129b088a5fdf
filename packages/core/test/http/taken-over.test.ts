import { afterEach, expect, it, vi } from 'vitest'
import { executeOnce } from '../../src/http/idempotency.js'
import { memoryStore, SessionError } from '../../src/index.js'
import { createService } from '../../src/service/service.js'
import { startGate } from '../service.js'

afterEach(() => void vi.useRealTimers())

/** A request whose first process says nothing for half a minute, and goes on then. */
async function stalled(end: () => Response) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  let now = 1_700_000_000_000
  const store = memoryStore({ clock: () => now })
  const service = createService({ store })
  const seeds: string[] = []
  const send = (execute: () => Promise<Response> | Response) =>
    executeOnce({
      service,
      tenantId: 'acme',
      scope: 'a request',
      key: 'k'.repeat(32),
      content: 'content',
      about: {},
      keepMs: 86_400_000,
      execute: async (seed) => {
        seeds.push(seed)
        return execute()
      },
    })
  const [gate, begun] = [startGate(), startGate()]
  const first = send(async () => {
    begun.open()
    await gate.opened
    return end()
  })
  await begun.opened
  const kept = async () => (await store.list({ tenantId: '~requests:acme', limit: 10 })).items
  return { send, kept, seeds, first, wake: () => gate.open(), pass: (ms: number) => void (now += ms) }
}

const ends: readonly (readonly [string, () => Response, 'refused' | 'unavailable'])[] = [
  ['is refused', () => new Response('refused', { status: 409 }), 'refused'],
  [
    'fails',
    () => {
      throw new SessionError('unavailable', 'away')
    },
    'unavailable',
  ],
]

it.each(ends)(
  'an answer stays that another process gave, when the first one %s late',
  async (_, end, said) => {
    const { send, kept, seeds, first, wake, pass } = await stalled(end)
    pass(30_000)
    expect(await (await send(() => new Response('done'))).text()).toBe('done')
    wake()
    const told = await first
      .then(async (response) => response.text())
      .catch((error: SessionError) => error.code)
    expect(told).toBe(said)
    expect(await (await send(() => expect.fail('executed twice'))).text()).toBe('done')
    expect(await kept()).toHaveLength(1)
    expect(seeds).toHaveLength(2)
  },
)

it.each(ends)(
  'so does the attempt of another process that goes on, when the first one %s',
  async (_, end) => {
    const { send, kept, seeds, first, wake, pass } = await stalled(end)
    pass(30_000)
    const [gate, begun] = [startGate(), startGate()]
    const second = send(async () => {
      begun.open()
      await gate.opened
      return new Response('done')
    })
    await begun.opened
    wake()
    await first.catch(() => {})
    expect(await kept()).toHaveLength(1)
    gate.open()
    expect(await (await second).text()).toBe('done')
    expect(await (await send(() => expect.fail('executed twice'))).text()).toBe('done')
    expect(new Set(seeds).size).toBe(1)
  },
)

it.each(ends)('nothing stays of a request that %s, also after it has said that it lives', async (_, end) => {
  const { send, kept, first, wake } = await stalled(end)
  await vi.advanceTimersByTimeAsync(20_000)
  wake()
  await first.catch(() => {})
  expect(await kept()).toEqual([])
  expect(await (await send(() => new Response('anew'))).text()).toBe('anew')
})
