import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError } from '../../src/index.js'
import { encryptedStore, staticKeyring } from '../../src/sealed.js'
import { checkStore, type SessionStore, type StoreFinding } from '../../src/store.js'

function storeWith(methods: Partial<SessionStore>): SessionStore {
  return { ...memoryStore(), check: async () => [], ...methods }
}

const warning: StoreFinding = { level: 'warning', code: 'persistence', message: 'a restart loses sessions' }
const error: StoreFinding = { level: 'error', code: 'rights', message: 'the user lacks rights' }
const never = () => new Promise<never>(() => {})
const down = async () => {
  throw new SessionError('unavailable', 'the store cannot be reached', { cause: new Error('ECONNREFUSED') })
}

describe('checkStore', () => {
  it('gives what the store finds, errors first', async () => {
    expect(await checkStore(storeWith({}))).toEqual([])
    const store = storeWith({ check: async () => [warning, error, warning] })
    expect(await checkStore(store)).toEqual([error, warning, warning])
  })

  it('tells of a store in memory', async () => {
    expect(await checkStore(memoryStore())).toEqual([
      { level: 'warning', code: 'persistence', message: expect.stringContaining('this process') as string },
    ])
  })

  it('asks for a session, unless the store has found an error', async () => {
    const asked: string[] = []
    const read: SessionStore['read'] = async ({ tenantId, id }) => {
      asked.push(`${tenantId}/${id}`)
      return undefined
    }
    const plain = memoryStore()
    delete plain.check
    expect(await checkStore({ ...plain, read })).toEqual([])
    await checkStore(storeWith({ read, check: async () => [warning] }))
    expect(asked).toEqual(['~clock:health/health', '~clock:health/health'])
    await checkStore(storeWith({ read, check: async () => [error] }))
    expect(asked).toHaveLength(2)
  })

  it('makes a finding of a store that fails, with the cause for the operator', async () => {
    const told = {
      level: 'error',
      code: 'unavailable',
      message: 'the store cannot be reached (ECONNREFUSED)',
    }
    expect(await checkStore(storeWith({ check: down }))).toEqual([told])
    expect(await checkStore(storeWith({ read: down, check: async () => [warning] }))).toEqual([told, warning])
    const broken = storeWith({ check: () => Promise.reject(new TypeError('no such method')) })
    expect(await checkStore(broken)).toEqual([
      { level: 'error', code: 'internal', message: 'TypeError: no such method' },
    ])
  })

  it('settles within its time, and gives the store less of it', async () => {
    const late = { level: 'error', code: 'unavailable', message: 'the store did not answer within 20 ms' }
    expect(await checkStore(storeWith({ check: never }), { timeoutMs: 20 })).toEqual([late])
    expect(await checkStore(storeWith({ read: never }), { timeoutMs: 20 })).toEqual([late])
    const times: number[] = []
    const check = async (timeoutMs: number) => {
      times.push(timeoutMs)
      return []
    }
    await checkStore(storeWith({ check }), { timeoutMs: 1000 })
    await checkStore(storeWith({ check }))
    expect(times).toEqual([900, 4500])
  })

  it('refuses options that it does not know', async () => {
    const options = { timeout: 5 } as never
    await expect(checkStore(memoryStore(), options)).rejects.toMatchObject({
      code: 'invalid',
      path: 'timeout',
    })
    await expect(checkStore(memoryStore(), { timeoutMs: 0 })).rejects.toMatchObject({ path: 'timeoutMs' })
  })

  it('looks through an encrypted store, into that of its keys too', async () => {
    const key = new Uint8Array(32)
    const keyring = staticKeyring({ current: 'a', keys: { a: key } })
    const beneath = storeWith({ check: async () => [warning] })
    expect(await checkStore(encryptedStore(beneath, { keyring, indexKey: key }))).toEqual([warning])
    const keys = storeWith({ check: async () => [error] })
    expect(await checkStore(encryptedStore(beneath, { keyring, indexKey: key, keys }))).toEqual([
      error,
      warning,
    ])
  })
})
