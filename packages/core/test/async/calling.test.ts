import { afterEach, expect, it, vi } from 'vitest'
import {
  copySessions,
  createSessions,
  memoryStore,
  SessionError,
  type SessionStore,
} from '../../src/index.js'
import { warnOnce } from '../../src/node.js'
import { createSessionApi } from '../../src/http.js'
import { rawOf, sealed, tamper } from '../contract/sealed/sealed-stores.js'

afterEach(() => void vi.restoreAllMocks())

// What an application passes where nothing is waited for: a function may throw, or be asynchronous and reject.
const failing: readonly (readonly [string, () => void])[] = [
  [
    'now',
    () => {
      throw new Error('now')
    },
  ],
  ['later', async () => Promise.reject(new Error('later'))],
]
const at = { tenantId: 'acme', id: 's1' }

it.each(failing)(
  'onError that fails %s changes no answer, and does not end the process',
  async (when, onError) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const away = () => Promise.reject(new SessionError('unavailable', 'away'))
    const store = new Proxy({} as SessionStore, { get: () => away })
    const identify = () => ({ tenantId: 'acme', userId: 'alice' })
    const api = createSessionApi({ sessions: createSessions({ store }), identify, onError })
    const response = await api.handle(new Request('https://api.test/sessions'))
    expect(response.status).toBe(503)
    await vi.waitFor(() =>
      expect(printed.mock.calls).toEqual([['[sessions] onError failed:', new Error(when)]]),
    )
  },
)

it.each(failing)('onEvict and onIntegrity that fail %s do not end the process', async (when, tell) => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const memory = memoryStore({ maxSessions: 1, onEvict: tell })
  await memory.commit({ ...at, id: 's0' }, { revision: 0, body: '{}' })
  await memory.commit(at, { revision: 0, body: '{}' })
  await vi.waitFor(() =>
    expect(printed.mock.calls).toEqual([['[sessions] onEvict failed:', new Error(when)]]),
  )
  const raw = memoryStore()
  const store = sealed(raw, { onIntegrity: tell })
  await store.commit(at, { revision: 0, body: 'body' })
  await tamper(raw, at, (copy) => ({ ...copy, body: 'forged' }))
  expect((await rawOf(raw, at)).body).toBe('forged')
  await expect(sealed(raw, { onIntegrity: tell }).read(at)).rejects.toMatchObject({ code: 'corrupt' })
  await vi.waitFor(() =>
    expect(printed.mock.calls.at(-1)).toEqual(['[sessions] onIntegrity failed:', new Error(when)]),
  )
})

it.each(failing)('onWarning of an adapter that fails %s does not end the process', async (when, tell) => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  warnOnce(tell)({ code: 'count_failed', message: 'said' })
  await vi.waitFor(() =>
    expect(printed.mock.calls).toEqual([['[sessions] onWarning failed:', new Error(when)]]),
  )
  expect(createSessions({ onWarning: tell })).toBeDefined()
})

it.each(failing)(
  'onProgress of a copy that fails %s does not end the copy, nor the process',
  async (when, tell) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const [from, to] = [memoryStore(), memoryStore()]
    await from.commit(at, { revision: 0, body: '{}' })
    const report = await copySessions(from, to, { tenants: ['acme'], onProgress: tell })
    expect(report).toMatchObject({ copied: 1, complete: true })
    await vi.waitFor(() =>
      expect(printed.mock.calls).toContainEqual(['[sessions] onProgress failed:', new Error(when)]),
    )
  },
)
