import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http/api.js'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { wrapStore } from '../../src/testing.js'
import { listIndex } from '../search/list-index.js'
import { alice, codeOf, service } from '../service.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']

const limits = { maxSessionsPerUser: 1, whenFull: 'evict' as const }

/** A store that does each write, and then each in turn loses its answer. */
function losing(inner: SessionStore, lost: number) {
  let writes = 0
  const store = wrapStore(inner, async (method, call) => {
    const answer = await call()
    if (!['read', 'list', 'messages'].includes(method) && ++writes === lost)
      throw new SessionError('unknown_outcome', 'No answer came.')
    return answer
  })
  return { store, writes: () => writes }
}

const beside = async (store: SessionStore) => {
  const kinds = ['turns', 'requests'].map(async (kind) =>
    store.list({ tenantId: `~${kind}:acme`, limit: 10 }),
  )
  return (await Promise.all(kinds)).flatMap(({ items }) => items.map(({ tenantId, id }) => [tenantId, id]))
}

async function filled() {
  const store = memoryStore()
  const session = await service({ store, credentialSecrets, limits }).for(alice).create({ id: 'one' })
  await session.turn('and?', () => 'a canary').result
  return { store, ref: session.ref }
}

/** Deletes it over HTTP, as the client has seen it. */
async function deleteByTag(store: SessionStore): Promise<number> {
  const api = createSessionApi({ sessions: service({ store, credentialSecrets }), identify: () => alice })
  const send = async (method: string, headers: Record<string, string>) =>
    api.handle(new Request('https://api.test/sessions/one', { method, headers }))
  const etag = (await send('GET', {})).headers.get('etag')!
  return (await send('DELETE', { 'if-match': etag })).status
}

describe('a session is removed with all that is beside it, whichever answer of the store gets lost', () => {
  it.each(['its changes', 'nothing', 'nothing, by a service with an index'])(
    'when the caller names %s',
    async (by) => {
      for (let lost = 1, writes = 1; lost <= writes; lost++) {
        const { store, ref } = await filled()
        const place = losing(store, lost)
        const search = by.includes('index') ? { search: { index: listIndex() } } : {}
        const mine = service({ store: place.store, credentialSecrets, ...search }).for(alice)
        if (by === 'its changes') expect(await deleteByTag(place.store), `write ${lost}`).toBe(200)
        else expect(await codeOf(mine.delete('one')), `write ${lost}`).toBe('settled')
        writes = place.writes()
        expect(await store.read(ref), `write ${lost}`).toBe(undefined)
        expect(await beside(store), `write ${lost}`).toEqual([])
      }
    },
  )

  it('when it takes the place of another, or cannot be read', async () => {
    for (const why of ['evicted', 'unreadable']) {
      for (let lost = 1, writes = 1; lost <= writes; lost++) {
        const { store, ref } = await filled()
        const place = losing(store, lost)
        const mine = service({ store: place.store, credentialSecrets, limits }).for(alice)
        if (why === 'evicted') await mine.create({ id: 'two' })
        else {
          const { revision } = (await store.read(ref))!.record
          await store.commit(ref, { revision, body: 'none' })
          expect(await codeOf(mine.delete('one')), `write ${lost}`).toBe('settled')
        }
        writes = place.writes()
        expect(await store.read(ref), `${why}, write ${lost}`).toBe(undefined)
        expect(await beside(store), `${why}, write ${lost}`).toEqual([])
      }
    }
  })
})
