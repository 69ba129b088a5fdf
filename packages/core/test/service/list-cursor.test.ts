import { describe, expect, it } from 'vitest'
import {
  createSessions,
  type Identity,
  type ListOptions,
  memoryStore,
  type SessionStore,
} from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { admin, alice, anonymous, bob, elsewhere } from '../service.js'

const secrets = ['a secret that only these tests may know']

async function place(credentialSecrets: readonly string[] | null = secrets) {
  const cursors: (string | undefined)[] = []
  const shared = memoryStore()
  const store: SessionStore = {
    ...shared,
    list: (query) => {
      cursors.push(query.cursor)
      return shared.list(query)
    },
  }
  const secret = credentialSecrets === null ? {} : { credentialSecrets }
  const sessions = createSessions({ store, ...secret })
  for (const who of [alice, bob, elsewhere]) {
    for (const label of ['shop', 'shop', 'help', 'help']) await sessions.for(who).create({ label })
  }
  const list = (who: Identity, options: ListOptions = {}) => sessions.for(who).list({ limit: 1, ...options })
  return { sessions, store, cursors, list }
}

const foreign = { code: 'invalid', path: 'cursor' }

describe('a cursor', () => {
  it.each([
    ['alice’s', alice, {}],
    ['alice’s of a label', alice, { label: 'shop' }],
    ['an admin’s', admin, {}],
    ['an admin’s of a user', admin, { userId: 'bob' }],
  ] as const)('is good in %s list, and in no other', async (_, who, options) => {
    const { list, cursors } = await place()
    const { items, cursor } = await list(who, options)
    const rest = await list(who, { ...options, cursor: cursor!, limit: 200 })
    expect(rest.items.length).toBeGreaterThan(0)
    expect(rest.items.map(({ id }) => id)).not.toContain(items[0]!.id)
    const asked = cursors.length
    const others: [Identity, ListOptions][] = [
      [alice, {}],
      [alice, { label: 'shop' }],
      [alice, { label: 'help' }],
      [alice, { label: 'null' }],
      [bob, { label: 'shop' }],
      [elsewhere, {}],
      [{ ...elsewhere, roles: ['admin'] }, {}],
      [admin, {}],
      [admin, { userId: 'bob' }],
      [admin, { userId: 'bob', label: 'shop' }],
      [anonymous, {}],
      [anonymous, options],
    ]
    for (const [other, chosen] of others) {
      if (other === who && JSON.stringify(chosen) === JSON.stringify(options)) continue
      await expect(list(other, { ...chosen, cursor: cursor! })).rejects.toMatchObject(foreign)
    }
    // Known before the store is asked.
    expect(cursors).toHaveLength(asked)
  })

  it('is whole or none', async () => {
    const { list, cursors } = await place()
    const cursor = (await list(alice)).cursor!
    const unsealed = cursors.length
    for (const broken of [
      '',
      'x',
      cursor.slice(1),
      `${cursor}A`,
      cursor.slice(22),
      `${'A'.repeat(22)}${cursor.slice(22)}`,
    ]) {
      await expect(list(alice, { cursor: broken })).rejects.toMatchObject(foreign)
    }
    expect(cursors).toHaveLength(unsealed)
  })

  it('outlives its process, a change of secrets, and the page size it was made for', async () => {
    const { store, list } = await place()
    const cursor = (await list(alice)).cursor!
    const next = createSessions({
      store,
      credentialSecrets: ['the secret that comes after the first', ...secrets],
    })
    expect((await next.for(alice).list({ cursor, limit: 200 })).items).toHaveLength(3)
    const other = createSessions({ store, credentialSecrets: ['another secret of thirty-two bytes'] })
    await expect(other.for(alice).list({ cursor })).rejects.toMatchObject(foreign)
  })

  it('is good in its process alone where no secrets were given', async () => {
    const { store, list } = await place(null)
    const cursor = (await list(alice)).cursor!
    expect((await list(alice, { cursor })).items).toHaveLength(1)
    await expect(createSessions({ store }).for(alice).list({ cursor })).rejects.toMatchObject(foreign)
  })
})

describe('over HTTP', () => {
  it('is a 400 in another list', async () => {
    const api = apiFixture()
    const client = (token?: string) =>
      new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)), token)
    const mine = client('acme/alice')
    for (let index = 0; index < 3; index++) await mine.post('/sessions', { label: 'shop' })
    const page = await mine.get('/sessions?limit=1')
    const at = `limit=1&cursor=${encodeURIComponent(page.body.sessions.nextCursor as string)}`
    expect((await mine.get(`/sessions?${at}`)).status).toBe(200)
    const tries = [
      [mine, `/sessions?label=shop&${at}`],
      [client('acme/bob'), `/sessions?${at}`],
      [client('other/alice'), `/sessions?${at}`],
      [client('acme/root/admin'), `/sessions?${at}`],
      [client(), `/sessions?${at}`],
    ] as const
    for (const [who, path] of tries) {
      const refused = await who.get(path)
      expect([refused.status, refused.body.code, refused.body.path]).toEqual([400, 'invalid', 'cursor'])
    }
    const byAdmin = await client('acme/root/admin').get(`/sessions?userId=alice&${at}`)
    expect(byAdmin.status).toBe(200)
  })
})

it('a label is looked for as it is stored: without spaces around it', async () => {
  const { sessions, list } = await place()
  expect((await list(alice, { label: ' shop\ufeff', limit: 9 })).items).toHaveLength(2)
  expect(await sessions.for(alice).count({ label: 'shop ' })).toBe(2)
})
