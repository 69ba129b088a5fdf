import { describe, expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { createService } from '../../src/service/service.js'
import { sideRecordRef } from '../../src/service/side-records.js'
import {
  addToMemory,
  forgetInMemory,
  readMemory,
  removeMemory,
  shownMemory,
} from '../../src/service/user-memory.js'
import {
  afterLateErase,
  checkNotErased,
  lookLater,
  readUserRecord,
  refuseBefore,
  refuseErased,
  runHooks,
  updateUserRecord,
  withdrawIfErased,
} from '../../src/service/user-record.js'
import { codeOf } from '../service.js'

const alice = { tenantId: 'acme', userId: 'alice' }
const erased = {
  code: 'user_erased',
  message: 'The data of this user is being erased, or was erased just now.',
}
const consent = (purpose: string, granted: boolean) =>
  ({ purposes: { [purpose]: { granted, version: '1', source: 'web', at: 1 } }, history: [] }) as never

/** A service, what its store is asked, and what it does after an erasure. */
function scene(options: SessionsOptions = {}, hooked = true) {
  const inner = memoryStore()
  const state = { reads: 0, fails: 0 }
  const store: SessionStore = {
    ...inner,
    read: async (...given) => {
      state.reads++
      if (state.fails > 0 && given[0].tenantId === '~users:acme') {
        state.fails--
        throw new SessionError('unavailable', 'away')
      }
      return inner.read(...given)
    },
  }
  const ran: string[] = []
  const afterErase = [
    async ({ userId, erasureId }: { userId: string; erasureId: string }) =>
      void ran.push(`${userId} ${erasureId}`),
  ]
  const service = createService({
    store,
    credentialSecrets: ['a secret that is long enough for all of these tests'],
    onWarning: () => {},
    ...(hooked ? { privacy: { afterErase } } : {}),
    ...options,
  })
  const erase = async (phase: string) =>
    updateUserRecord(service, alice, (before) => ({ ...before, erasure: { id: 'e', phase } as never }), {
      ofErasure: true,
    })
  const records = async (kind: 'turns' | 'memory') =>
    (await inner.list({ tenantId: `~${kind}:acme`, limit: 9 })).items.map(({ id }) => id)
  const ref = { tenantId: 'acme', id: 's' }
  /** A session of alice, with records beside it. */
  const given = async () => {
    const { record } = await inner.commit(ref, { revision: 0, incarnation: 'i', userId: 'alice' })
    for (const kind of ['turns', 'requests', 'transfers'] as const)
      await inner.commit(sideRecordRef(kind, 'acme', kind), {
        revision: 0,
        label: kind === 'requests' ? 's' : 'i',
        ...(kind === 'turns' ? { userId: 'alice' } : {}),
      })
    return record
  }
  return { inner, service, state, ran, erase, records, given, ref }
}

describe('the record of a user', () => {
  it('names its user, unless it is said not to, and keeps what it does not know', async () => {
    const { inner, service } = scene()
    const nameOf = async () =>
      (await inner.list({ tenantId: '~users:acme', limit: 2 })).items.map(({ userId, label }) => [
        userId,
        label,
      ])
    await updateUserRecord(service, alice, (before) => ({ ...before, auditKey: 'k' }), { label: 'l' })
    expect(await nameOf()).toEqual([['alice', 'l']])
    await updateUserRecord(service, alice, (before) => ({ ...before, usageKey: 'u' }), { isNamed: false })
    expect(await nameOf()).toEqual([[undefined, 'l']])
    expect((await readUserRecord(service, alice))!.value).toEqual({ auditKey: 'k', usageKey: 'u' })
    expect(await readUserRecord(service, { ...alice, userId: 'bob' })).toBeUndefined()
  })

  it('tells what was decided, or that nothing may be kept', async () => {
    const { service, erase } = scene()
    expect(await checkNotErased(service, alice)).toBeUndefined()
    const said = consent('memory', true)
    await updateUserRecord(service, alice, () => ({ consent: said }))
    expect(await checkNotErased(service, alice)).toEqual(said)
    await erase('done')
    await expect(checkNotErased(service, alice)).rejects.toMatchObject(erased)
  })

  it('is asked before a write only where something follows an erasure', async () => {
    const hooked = scene()
    await hooked.erase('running')
    await expect(refuseBefore(hooked.service, alice)).rejects.toMatchObject(erased)
    hooked.state.reads = 0
    await refuseBefore(hooked.service, { tenantId: 'acme' })
    expect(hooked.state.reads).toBe(0)
    const plain = scene({}, false)
    await plain.erase('running')
    plain.state.reads = 0
    await refuseBefore(plain.service, alice)
    await afterLateErase(plain.service, alice)
    expect(plain.state.reads).toBe(0)
  })

  it('has what follows an erasure done again where it came late', async () => {
    const { service, ran, erase } = scene()
    await afterLateErase(service, { tenantId: 'acme' })
    await afterLateErase(service, alice)
    await erase('running')
    await afterLateErase(service, alice)
    expect(ran).toEqual([])
    await erase('closing')
    await afterLateErase(service, alice)
    expect(ran).toEqual(['alice e'])
    const told = await runHooks([async () => ({ a: 1 }), async () => ({ a: 2, b: Number.NaN })], alice, 'e')
    expect(told).toEqual({ a: 3 })
  })
})

describe('a session that was given to a user', () => {
  it('stays where the user may have it', async () => {
    for (const options of [{}, { consent: {} }]) {
      const { service, given, inner, ref, state } = scene(options)
      const record = await given()
      await refuseErased(service, record)
      expect(await inner.read(ref)).toBeDefined()
      state.reads = 0
      await refuseErased(service, { ...record, userId: undefined } as never)
      expect(state.reads).toBe(0)
    }
    // What nobody was asked for, nobody has withdrawn.
    const { service, given, inner, ref } = scene()
    await updateUserRecord(service, alice, () => ({ consent: consent('storage', false) }))
    await refuseErased(service, await given())
    expect(await inner.read(ref)).toBeDefined()
  })

  it('goes with all beside it where the user has withdrawn, or is being erased', async () => {
    const denied = scene({ consent: {} })
    await updateUserRecord(denied.service, alice, () => ({ consent: consent('storage', false) }))
    await addRecords(denied)
    await expect(refuseErased(denied.service, await denied.given())).rejects.toMatchObject({
      code: 'consent_missing',
      path: 'storage',
      message: 'The user has just withdrawn the consent to storage.',
    })
    expect([await denied.inner.read(denied.ref), await denied.records('memory')]).toEqual([undefined, []])
    for (const kind of ['turns', 'requests', 'transfers'] as const)
      expect(await denied.inner.read(sideRecordRef(kind, 'acme', kind)), kind).toBeUndefined()
    for (const phase of ['running', 'closing']) {
      const one = scene()
      await one.erase(phase)
      await addRecords(one)
      await expect(refuseErased(one.service, await one.given())).rejects.toMatchObject(erased)
      expect(await one.inner.read(one.ref)).toBeUndefined()
      // While it runs, its last look is still to come.
      expect([(await one.records('memory')).length, one.ran.length]).toEqual(
        phase === 'running' ? [1, 0] : [0, 1],
      )
    }
  })

  it('stays where nobody can say, and is looked at again in the background', async () => {
    const { service, given, inner, ref, state, erase } = scene()
    const record = await given()
    await erase('closing')
    state.fails = 1
    await expect(refuseErased(service, record)).rejects.toMatchObject({
      code: 'unknown_outcome',
      message: 'The session was stored, but the record of its user could not be read.',
      cause: { code: 'unavailable' },
    })
    expect(await inner.read(ref)).toBeDefined()
    await service.work.settled()
    expect(await inner.read(ref)).toBeUndefined()
  })

  it('loses its preferences when it is looked at again, where the user has withdrawn the consent to them', async () => {
    const { service, inner, state } = scene({ consent: {} })
    const { id } = await createSessions({ store: inner, onWarning: () => {} })
      .for(alice)
      .create({ preferences: { size: 'L' } })
    const read = async () => (await inner.read({ tenantId: 'acme', id }))!
    const preferencesIn = ({ body }: { body: string }) =>
      (JSON.parse(body) as { preferences: object }).preferences
    await updateUserRecord(service, alice, () => ({ consent: consent('personalization', false) }))
    state.fails = 1
    expect(await codeOf(refuseErased(service, (await read()).record))).toBe('unknown_outcome')
    expect(preferencesIn(await read())).toEqual({ size: 'L' })
    await service.work.settled()
    expect(preferencesIn(await read())).toEqual({})
  })

  it('is removed as the one that it was', async () => {
    const { service, given, inner, ref, erase } = scene()
    const record = await given()
    await erase('closing')
    await inner.remove(ref)
    await inner.commit(ref, { revision: 0, incarnation: 'another' })
    await expect(refuseErased(service, record)).rejects.toMatchObject(erased)
    expect((await inner.read(ref))!.record.incarnation).toBe('another')
  })
})

/** A record that names alice, as a call has just written it. */
async function addRecords({ inner }: ReturnType<typeof scene>): Promise<void> {
  await inner.commit(sideRecordRef('memory', 'acme', 'late'), { revision: 0, userId: 'alice' })
}

it('what a call wrote about a user who was erased meanwhile is removed, and nothing else', async () => {
  const notFound = new SessionError('not_found', 'gone')
  const one = scene()
  await addRecords(one)
  await withdrawIfErased(one.service, alice, notFound)
  expect(await one.records('memory')).toEqual(['late'])
  await one.erase('closing')
  one.state.reads = 0
  for (const [user, why] of [
    [{ tenantId: 'acme' }, notFound],
    [{ userId: 'alice' }, notFound],
    [alice, new SessionError('conflict', 'x')],
    [alice, new TypeError('x')],
  ] as const)
    await withdrawIfErased(one.service, user, why)
  expect([await one.records('memory'), one.state.reads]).toEqual([['late'], 0])
  await withdrawIfErased(one.service, alice, notFound)
  expect(await one.records('memory')).toEqual([])
})

it('a look is tried again while it fails, and ends with an answer, whatever it is', async () => {
  const { service } = scene()
  for (const [code, tries] of [
    ['unavailable', 2],
    ['user_erased', 1],
    ['consent_missing', 1],
  ] as const) {
    let looks = 0
    lookLater(service, [code], async () => {
      if (++looks === 1) throw new SessionError(code, code)
    })
    lookLater(service, [code], async () => expect.unreachable())
    await service.work.settled()
    expect(looks, code).toBe(tries)
  }
})

describe('what is remembered of a user', () => {
  const fact = (text: string, at = Date.now(), subject?: string) => ({
    id: text,
    text,
    at,
    sessionId: 's',
    seq: 1,
    source: 'x',
    ...(subject === undefined ? {} : { subject }),
  })
  const texts = (facts: readonly { text: string }[]) => facts.map(({ text }) => text)

  it('is added with consent alone, and kept for so long', async () => {
    const refused = { code: 'consent_missing', path: 'memory' }
    const asking = scene({ consent: {} })
    await expect(addToMemory(asking.service, alice, [fact('a')], undefined)).rejects.toMatchObject(refused)
    expect(await asking.records('memory')).toEqual([])
    expect(texts(await addToMemory(asking.service, alice, [fact('a')], { memory: true }))).toEqual(['a'])
    const { service } = scene({ retention: { memoryMs: 60_000 } })
    const old = Date.now() - 61_000
    expect(texts(await addToMemory(service, alice, [fact('old', old), fact('new')], undefined))).toEqual([
      'new',
    ])
    expect(
      texts(
        await addToMemory(
          service,
          alice,
          [fact('red', Date.now(), 's'), fact('blue', Date.now(), 's')],
          undefined,
        ),
      ),
    ).toEqual(['new', 'blue'])
    const kept = scene()
    expect(texts(await addToMemory(kept.service, alice, [fact('old', 1)], undefined))).toEqual(['old'])
  })

  it('is shown with consent alone, which is asked where the application asks for it', async () => {
    const { service, state } = scene()
    await addToMemory(service, alice, [fact('a')], undefined)
    state.reads = 0
    expect(texts(await shownMemory(service, alice, undefined))).toEqual(['a'])
    expect(state.reads).toBe(1)
    const asking = scene({ consent: {} })
    expect(await shownMemory(asking.service, alice, { memory: true })).toEqual([])
    await addToMemory(asking.service, alice, [fact('a')], { memory: true })
    expect(texts(await shownMemory(asking.service, alice, { memory: true }))).toEqual(['a'])
    expect(await shownMemory(asking.service, alice, undefined)).toEqual([])
    await updateUserRecord(asking.service, alice, () => ({ consent: consent('memory', true) }))
    expect(texts(await shownMemory(asking.service, alice, undefined))).toEqual(['a'])
  })

  it('is forgotten fact by fact, or as a whole', async () => {
    const { service, inner } = scene()
    expect(await forgetInMemory(service, alice, () => true)).toBe(0)
    await addToMemory(service, alice, [fact('a'), fact('b'), fact('c')], undefined)
    const changes = async () => (await inner.list({ tenantId: '~memory:acme', limit: 1 })).items[0]!.changes
    const before = await changes()
    expect([await forgetInMemory(service, alice, () => false), await changes()]).toEqual([0, before])
    expect(await forgetInMemory(service, alice, ({ text }) => text !== 'b')).toBe(2)
    expect(texts(await readMemory(service, alice))).toEqual(['b'])
    expect([
      await removeMemory(service, alice),
      await readMemory(service, alice),
      await removeMemory(service, alice),
    ]).toEqual([1, [], 0])
  })

  it('does not stay where the user was erased, or has withdrawn, between the question and the write', async () => {
    for (const [change, code] of [
      [{ erasure: { id: 'e', phase: 'closing' } }, 'user_erased'],
      [{ consent: consent('memory', false) }, 'consent_missing'],
    ] as const) {
      const one = scene({ consent: { unsaid: { memory: true } } })
      const commit = one.service.store.commit.bind(one.service.store)
      let isFirst = true
      one.service.store.commit = async (ref, given) => {
        if (ref.tenantId === '~memory:acme' && isFirst) {
          isFirst = false
          await updateUserRecord(one.service, alice, () => change as never)
        }
        return commit(ref, given)
      }
      const error = await addToMemory(one.service, alice, [fact('a')], undefined).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject(code === 'consent_missing' ? { code, path: 'memory' } : { code })
      expect(await readMemory(one.service, alice), code).toEqual([])
    }
  })

  it('stays where nobody can say, and is looked at again', async () => {
    const one = scene()
    const commit = one.service.store.commit.bind(one.service.store)
    one.service.store.commit = async (ref, given) => {
      const made = await commit(ref, given)
      if (ref.tenantId === '~memory:acme') {
        one.service.store.commit = commit
        await updateUserRecord(one.service, alice, () => ({
          erasure: { id: 'e', phase: 'closing' } as never,
        }))
        one.state.fails = 1
      }
      return made
    }
    expect(await codeOf(addToMemory(one.service, alice, [fact('a')], undefined))).toBe('unknown_outcome')
    expect(texts(await readMemory(one.service, alice))).toEqual(['a'])
    await one.service.work.settled()
    expect(await readMemory(one.service, alice)).toEqual([])
  })
})
