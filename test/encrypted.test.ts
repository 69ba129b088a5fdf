import type { SessionStore } from '@sessions/core/store'
import { apiFixture, storeChapters } from '@sessions/core/testing'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { openers, type OpenStores, sealed } from './encrypted-servers.js'

// The whole suite over these stores is in `encrypted.wide.test.ts`.
const chapters = storeChapters.filter(({ title }) => /^(commit|message ids|owners|room|amend)/.test(title))

/** So many texts that no dump may hold. */
const canaryCount = 50

/** Tells so many secrets in every way there is, the first ones as ids of users; returns them and what was answered. */
async function tellSecrets(
  store: SessionStore,
  name: string,
): Promise<{ secrets: string[]; unheard: string[] }> {
  const secrets = Array.from({ length: canaryCount }, (_, n) => `canary-${name}-${n}-canary`)
  const { handle } = apiFixture({ store })
  const heard: string[] = []
  const users = secrets.slice(0, canaryCount / 10)
  const left = secrets.slice(users.length)
  const next = () => left.pop()!
  async function send(
    user: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ session: { id: string } }> {
    const request = new Request(`http://app.test/sessions${path}`, {
      method,
      headers: {
        authorization: `Bearer acme/${user}`,
        'content-type': 'application/json',
        'idempotency-key': `key-${heard.length}-of-${user}`,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const response = await handle(request)
    const text = await response.text()
    expect(response.status, `${method} ${path}: ${text}`).toBeLessThan(300)
    heard.push(text)
    return (text.startsWith('{') ? JSON.parse(text) : {}) as { session: { id: string } }
  }
  for (const user of users) {
    const { id } = (await send(user, 'POST', '', { title: next() })).session
    await send(user, 'POST', `/${id}/messages`, { messages: [{ content: next() }, { content: next() }] })
    await send(user, 'POST', `/${id}/message`, { content: next() })
    await send(user, 'PUT', `/${id}/state`, { secret: next() })
    await send(user, 'PATCH', `/${id}/preferences`, { secret: next() })
    const price = { amount: 100, currency: 'EUR' }
    await send(user, 'POST', `/${id}/cart/items`, { sku: 'P1', name: next(), quantity: 1, price })
    await send(user, 'PATCH', `/${id}`, { title: next() })
    await send(user, 'POST', `/${id}/fork`, { title: next() })
    await send(user, 'GET', `/${id}`)
    await send(user, 'GET', `/${id}/messages?limit=100`)
    await send(user, 'GET', '?limit=100')
  }
  expect(left).toEqual([])
  const all = heard.join('\n')
  return { secrets, unheard: secrets.filter((secret) => !users.includes(secret) && !all.includes(secret)) }
}

const inDump = (secrets: readonly string[], dump: Buffer) => secrets.filter((secret) => dump.includes(secret))

describe.each(Object.keys(openers))('encryptedStore over %s', (name) => {
  let stores: OpenStores
  beforeAll(async () => {
    stores = await openers[name]!()
  })
  afterAll(() => stores.close())

  it('leaves no canary in the server, nor in its files', async () => {
    const { secrets, unheard } = await tellSecrets(sealed(stores.store), 'sealed')
    expect(unheard, 'each was stored, and came back').toEqual([])
    expect(inDump(secrets, await stores.dump())).toEqual([])
  })

  it('which are all found where nothing is sealed', async () => {
    const { secrets } = await tellSecrets(stores.store, 'plain')
    expect(inDump(secrets, await stores.dump())).toEqual(secrets)
  })

  // Of one store: the others in the wide run.
  describe.each(name === 'postgres' ? chapters : [])('$title', ({ cases }) => {
    test.each(cases)('$title', ({ run }) => run({ store: sealed(stores.store), peer: sealed(stores.peer) }))
  })
})
