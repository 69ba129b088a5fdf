import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionRef, type SessionStore } from '../src/index.js'
import { createSessionApi } from '../src/http.js'
import { sideRecordTenant } from '../src/sealed.js'
import { ApiClient, apiFixture, wrapStore } from '../src/testing.js'
import { alice, anonymous, bob, codeOf, service } from './service.js'
import { all, gated } from './turn/turns.js'

// What nobody may get of somebody else's, where an answer of the store is lost, or two hold what looks alike.

describe('a creation whose first answer is lost', () => {
  const lost = () => new SessionError('unknown_outcome', 'The answer is lost.')

  it('gets no session that somebody else has made under its id meanwhile', async () => {
    const inner = memoryStore()
    const theirs = service({ store: inner }).for(bob)
    let calls = 0
    const store = wrapStore(inner, async (method, call) => {
      if (method !== 'commit' || ++calls > 1) return call()
      await theirs.create({ id: 'taken', state: { of: 'bob' } })
      throw lost()
    })
    expect(await codeOf(service({ store }).for(alice).create({ id: 'taken' }))).toBe('conflict')
    expect(await (await theirs.get('taken')).state.get()).toEqual({ of: 'bob' })
  })

  it('gets the session that it has made itself', async () => {
    const inner = memoryStore()
    let calls = 0
    const store = wrapStore(inner, async (method, call) => {
      if (method !== 'commit' || ++calls > 1) return call()
      await call()
      throw lost()
    })
    const session = await service({ store })
      .for(alice)
      .create({ id: 'hers', state: { of: 'alice' } })
    expect(await session.state.get()).toEqual({ of: 'alice' })
    expect((await inner.list({ tenantId: 'acme', limit: 10 })).items).toHaveLength(1)
  })
})

describe('two anonymous holders who send one short key', () => {
  const key = { 'idempotency-key': 'k1' }

  it('of one id, of which the first was deleted, get nothing of each other', async () => {
    const sessions = service()
    const api = createSessionApi({ sessions, identify: () => anonymous, header: true })
    const made = new Set<string>()
    for (const name of ['first', 'second']) {
      const session = await sessions.for(anonymous).create({ id: 'same' })
      const headers = {
        ...key,
        'x-session-id': await session.credential(),
        'content-type': 'application/json',
      }
      const post = await api.handle(
        new Request('https://api.test/sessions', { method: 'POST', headers, body: '{}' }),
      )
      expect([post.status, post.headers.get('idempotency-replayed')], name).toEqual([201, null])
      made.add(((await post.json()) as { session: { id: string } }).session.id)
      await session.delete()
    }
    expect(made.size).toBe(2)
  })

  it('each have their request executed, in their own session', async () => {
    const api = apiFixture({})
    const nobody = new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)))
    const holders = await Promise.all(
      ['one', 'two'].map(async () => {
        const made = await nobody.post('/sessions', {})
        return {
          id: made.body.session.id as string,
          held: { 'x-session-id': made.headers.get('x-session-id')! },
        }
      }),
    )
    for (const { id, held } of holders) {
      const put = await nobody.send('PUT', `/sessions/${id}/state`, {
        body: { of: id },
        headers: { ...key, ...held },
      })
      expect(put.status).toBe(200)
      expect(put.headers.get('idempotency-replayed')).toBeNull()
    }
    for (const { held } of holders) {
      const made = await nobody.post('/sessions', {}, { ...key, ...held })
      expect(made.status).toBe(201)
      expect(made.headers.get('idempotency-replayed')).toBeNull()
    }
    for (const { id, held } of holders) {
      const read = await nobody.send('GET', `/sessions/${id}/state`, { headers: held })
      expect(read.body.state).toEqual({ of: id })
    }
  })
})

describe('two tenants of one service', () => {
  const other = { tenantId: 'other', userId: 'alice' }

  it('each have as many sessions as the limit says', async () => {
    const sessions = service({ limits: { maxSessions: 1 } })
    for (const who of [alice, other]) {
      expect(await codeOf(sessions.for(who).create())).toBe('settled')
      expect(await codeOf(sessions.for(who).create())).toBe('limit_reached')
    }
    expect(await codeOf(sessions.for(alice).create())).toBe('limit_reached')
  })

  it.each(['tenant', 'user'] as const)('each have the budget of a %s', async (scope) => {
    const sessions = service({ budgets: [{ scope, maxTokens: 20 }] })
    const spend = async (who: typeof other) => {
      const session = await sessions.for(who).create()
      const turn = session.turn('Hi', async function* () {
        yield { type: 'usage', inputTokens: 10, outputTokens: 10 }
        yield 'Hello'
      })
      return codeOf(turn.result)
    }
    for (const who of [alice, other]) {
      expect(await spend(who)).toBe('settled')
      expect(await spend(who)).toBe('budget_exceeded')
    }
  })
})

describe('the events of a turn', () => {
  it('are told through its own session alone, where it runs and where it does not', async () => {
    const store = memoryStore()
    const secrets = { store, credentialSecrets: ['a secret that is long enough for all of these tests'] }
    const here = service(secrets)
    const { respond, begun, open } = gated('Hello')
    const asked = await here.for(alice).create({ id: 'asked' })
    const turn = asked.turn('Hi', respond)
    await begun
    const id = (await asked.currentTurn())!
    await here.for(alice).create({ id: 'hers' })
    await here.for(bob).create({ id: 'his' })
    for (const place of [here, service(secrets)]) {
      for (const session of [await place.for(alice).get('hers'), await place.for(bob).get('his')]) {
        expect(await codeOf(all(session.watchTurn(id)))).toBe('not_found')
      }
    }
    open()
    await turn.result
    for (const place of [here, service(secrets)]) {
      const told = await all((await place.for(alice).get('asked')).watchTurn(id))
      expect(told.at(-1)).toMatchObject({ type: 'completed' })
      expect(await codeOf(all((await place.for(bob).get('his')).watchTurn(id)))).toBe('not_found')
    }
  })
})

describe('a transfer', () => {
  it('is found by its code and still needs its secret: a link is as strong as all of it', async () => {
    const inner = memoryStore()
    let right: SessionRef | undefined
    // As if every secret had the same code, which is of forty bits alone.
    const store: SessionStore = {
      ...inner,
      async read(ref, options) {
        if (ref.tenantId !== sideRecordTenant('transfers', 'acme')) return inner.read(ref, options)
        right ??= (await inner.list({ tenantId: ref.tenantId, limit: 1 })).items[0]
        return inner.read(right ?? ref, options)
      },
    }
    const mine = service({ store }).for(anonymous)
    const source = await mine.create({ state: { of: 'source' } })
    const { secret } = await source.transfer({ mode: 'move' })
    expect(await codeOf(mine.redeem({ secret: `${secret.slice(1)}A` }))).toBe('not_found')
    expect(await mine.redeem({ secret })).toMatchObject({ status: 'redeemed' })
  })
})

describe('the credential of a session that was deleted', () => {
  it('does not open the one that was made under its id since', async () => {
    const mine = service().for(anonymous)
    const first = await mine.create({ id: 'same' })
    const old = await first.credential()
    await first.delete()
    const second = await mine.create({ id: 'same' })
    expect(await mine.findByCredential(old)).toBeUndefined()
    const found = await mine.findByCredential(await second.credential())
    expect(await found!.state.get()).toEqual({})
    expect(await codeOf(first.append({ role: 'user', content: 'Hi' }))).toBe('not_found')
    expect(await codeOf(first.history())).toBe('not_found')
  })
})
