import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore } from '../../../src/index.js'
import { encryptedStore, type Keyring, staticKeyring } from '../../../src/sealed.js'

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const sound = staticKeyring({ current: 'a', keys: { a: key(1) } })
const alice = { tenantId: 'acme', userId: 'alice' }

function over(store = memoryStore(), keyring: Keyring = sound) {
  const encrypted = encryptedStore(store, { keyring, indexKey: key(9) })
  return { store, encrypted, mine: createSessions({ store: encrypted }).for(alice) }
}

const wrong: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['no id', { wrapped: key(2) }],
  ['a number as id', { keyId: 5, wrapped: key(2) }],
  ['an empty id', { keyId: '', wrapped: key(2) }],
  ['an id of 100,000 characters', { keyId: 'i'.repeat(100_000), wrapped: key(2) }],
  ['no bytes', { keyId: 'a' }],
  ['a text as bytes', { keyId: 'a', wrapped: 'abc' }],
  ['no byte', { keyId: 'a', wrapped: new Uint8Array(0) }],
  ['a megabyte', { keyId: 'a', wrapped: new Uint8Array(1_000_000) }],
  ['bytes that do not unwrap', { keyId: 'a', wrapped: key(2) }],
]

describe.each(wrong)('a key service whose wrap gives %s', (_, given) => {
  const broken: Keyring = { ...sound, wrap: async () => given as never }

  it('stores nothing, and the user goes on when it is right again', async () => {
    const { store, mine } = over(memoryStore(), broken)
    await expect(mine.create()).rejects.toMatchObject({
      code: expect.stringMatching(/^(unavailable|unknown_key)$/),
    })
    const session = await over(store).mine.create()
    expect(await session.append({ role: 'user', content: 'hi' })).toMatchObject([{ seq: 1 }])
  })

  it('takes no key away when keys are wrapped anew', async () => {
    const { store, mine } = over()
    const session = await mine.create()
    await session.append({ role: 'user', content: 'still here' })
    const { encrypted } = over(store, { ...broken, current: 'b' })
    await expect(encrypted.rewrapKeys({ tenantId: 'acme', limit: 10 })).rejects.toMatchObject({
      code: expect.stringMatching(/^(unavailable|unknown_key)$/),
    })
    const { messages } = await (await over(store).mine.get(session.id)).history()
    expect(messages[0]!.content).toBe('still here')
  })
})

it('a key service that wraps another key than it was given stores nothing', async () => {
  const other: Keyring = { ...sound, wrap: async (_, about) => sound.wrap(key(7), about) }
  await expect(over(memoryStore(), other).mine.create()).rejects.toMatchObject({ code: 'unavailable' })
})

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['16 bytes', new Uint8Array(16)],
  ['a text of 32 characters', 'x'.repeat(32)],
  ['32 numbers', Array.from({ length: 32 }, () => 1)],
])('a key service whose unwrap gives %s opens nothing, as one whose key is not there', async (_, given) => {
  const { store, mine } = over()
  const session = await mine.create()
  const away = over(store, { ...sound, unwrap: async () => given as never })
  await expect(away.mine.get(session.id)).rejects.toMatchObject({ code: 'unknown_key' })
})

it('asks the key service twice for a new user: to wrap the key, and to unwrap what it gave', async () => {
  const asked: string[] = []
  const counted: Keyring = {
    current: 'a',
    wrap: async (secret, about) => (asked.push('wrap'), sound.wrap(secret, about)),
    unwrap: async (id, wrapped, about) => (asked.push('unwrap'), sound.unwrap(id, wrapped, about)),
  }
  const session = await over(memoryStore(), counted).mine.create()
  await session.append({ role: 'user', content: 'hi' })
  expect(asked).toEqual(['wrap', 'unwrap'])
})

it.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an empty object', {}],
  ['one without unwrap', { ...sound, unwrap: undefined }],
  ['one without current', { ...sound, current: undefined }],
])('a keyring that is %s is refused before anything is stored', (_, keyring) => {
  expect(() => encryptedStore(memoryStore(), { keyring: keyring as never, indexKey: key(9) })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'keyring' }),
  )
})

it.each([undefined, null, 'redis://localhost'])('a store that is %s is refused', (store) => {
  expect(() => encryptedStore(store as never, { keyring: sound, indexKey: key(9) })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'store' }),
  )
})
