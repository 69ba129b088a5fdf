import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import {
  readSideRecord,
  type SideRecordKind,
  sideRecordRef,
  updateSideRecord,
} from '../../src/service/side-records.js'
import { ApiClient, apiFixture } from '../../src/testing.js'
import { together } from '../../src/testing/start-gate.js'
import { alice, anonymous, codeOf, service } from '../service.js'

type Loss = 'of a write that was applied' | 'of a write that was not applied'

const losses: readonly Loss[] = ['of a write that was applied', 'of a write that was not applied']

/** A store that loses the answers to the first `count` changes of a side record's body. */
function losesAnswers(kind: SideRecordKind, loss: Loss, count = 1, inner = memoryStore()): SessionStore {
  let left = count
  return {
    ...inner,
    async commit(ref, change) {
      const isHit = ref.tenantId === `~${kind}:acme` && change.body !== undefined && left-- > 0
      if (!isHit) return inner.commit(ref, change)
      if (loss === 'of a write that was applied') await inner.commit(ref, change)
      throw new SessionError('unknown_outcome', 'the answer got lost')
    },
  }
}

interface Counter {
  readonly count: number
}

const ref = sideRecordRef('tries', 'acme', 'counter')
const add = (before: Counter = { count: 0 }): Counter => ({ count: before.count + 1 })
const countIn = async (store: SessionStore) => (await readSideRecord<Counter>({ store }, ref))?.value

describe('a side record', () => {
  it('loses no change of sixty that meet', async () => {
    const store = memoryStore()
    await together(60, () => updateSideRecord({ store }, ref, add))
    expect(await countIn(store)).toEqual({ count: 60 })
  })

  it.each(losses)('makes a change once whose answer got lost: %s', async (loss) => {
    const inner = memoryStore()
    for (const expected of [1, 2]) {
      const store = losesAnswers('tries', loss, 3, inner)
      const changed = await updateSideRecord({ store }, ref, add)
      expect(changed?.value).toEqual({ count: expected })
      expect(await countIn(inner)).toEqual({ count: expected })
    }
  })

  it.each([20, 31, 32, 200])(
    'makes no change twice, however many others were made since: %d',
    async (others) => {
      const { inner, store } = overtaken(others)
      // A record names its newest changes alone.
      const outcome = others < 32 ? 'settled' : 'unknown_outcome'
      expect(await codeOf(updateSideRecord({ store }, ref, add))).toBe(outcome)
      expect(await countIn(inner)).toEqual({ count: others + 1 })
    },
  )

  it('is tried again, however many others were made since, where it sees by itself that it was made', async () => {
    const { inner, store } = overtaken(50)
    const once = (before: Counter | undefined) => (before === undefined ? { count: 1000 } : undefined)
    expect(await updateSideRecord<Counter>({ store }, ref, once, { isRepeatable: true })).toBeUndefined()
    expect(await countIn(inner)).toEqual({ count: 1050 })
  })

  it('is not said to be as it was when nobody knows', async () => {
    const inner = losesAnswers('tries', 'of a write that was applied')
    let isAway = false
    const store: SessionStore = {
      ...inner,
      read: async (...args) => {
        if (isAway) throw new SessionError('unavailable', 'not reached')
        return inner.read(...args)
      },
      commit: (...args) => inner.commit(...args).finally(() => (isAway = true)),
    }
    expect(await codeOf(updateSideRecord({ store }, ref, add))).toBe('unknown_outcome')
  })

  it('stays as it is where its change says so, and is not made then', async () => {
    const store = memoryStore()
    expect(await updateSideRecord<Counter>({ store }, ref, () => undefined)).toBeUndefined()
    expect(await store.read(ref)).toBeUndefined()
    const made = await updateSideRecord({ store }, ref, add)
    expect(await updateSideRecord<Counter>({ store }, ref, () => undefined)).toBeUndefined()
    expect((await store.read(ref))?.record).toEqual(made?.record)
  })

  it('is not taken for what a caller knew of it', async () => {
    const store = memoryStore()
    const seen = (await updateSideRecord({ store }, ref, add))!
    await updateSideRecord({ store }, ref, add)
    const first = (before: Counter | undefined) => (before?.count === 1 ? { count: 100 } : undefined)
    expect(await updateSideRecord({ store }, ref, first, { seen })).toBeUndefined()
    await updateSideRecord({ store }, ref, add, { seen: 'none' })
    expect(await countIn(store)).toEqual({ count: 3 })
    const refuses = (before: Counter | undefined): Counter => {
      if (before?.count === 1) throw new Error('as it was')
      return add(before)
    }
    await updateSideRecord({ store }, ref, refuses, { seen })
    expect(await countIn(store)).toEqual({ count: 4 })
  })

  it('of one that was removed and made again keeps nothing of a change to the old one', async () => {
    const store = memoryStore()
    const seen = (await updateSideRecord({ store }, ref, () => ({ count: 10 })))!
    await store.remove(ref)
    await updateSideRecord({ store }, ref, add)
    await updateSideRecord({ store }, ref, add, { seen })
    expect(await countIn(store)).toEqual({ count: 2 })
  })

  it('that cannot be read says so', async () => {
    const store = memoryStore()
    await store.commit(ref, { revision: 0, body: 'no JSON' })
    expect(await codeOf(updateSideRecord({ store }, ref, add))).toBe('corrupt')
  })

  it('gives up where every write meets another one', async () => {
    const inner = memoryStore()
    const store: SessionStore = {
      ...inner,
      commit: () => Promise.reject(new SessionError('conflict', 'somebody was faster', { revision: 7 })),
    }
    expect(await codeOf(updateSideRecord({ store }, ref, add))).toBe('conflict')
  })
})

describe.each(losses)('an answer that got lost, %s', (loss) => {
  it('of the register of live sessions refuses nobody, and counts nobody twice', async () => {
    const sessions = service({ store: losesAnswers('slots', loss), limits: { maxSessionsPerUser: 2 } })
    const mine = sessions.for(alice)
    const first = await mine.create()
    await mine.create()
    expect(await codeOf(mine.create())).toBe('limit_reached')
    expect((await mine.get(first.id)).id).toBe(first.id)
  })

  it('of the tries of short codes counts one try once', async () => {
    const sessions = service({ store: losesAnswers('tries', loss) })
    const mine = sessions.for(anonymous)
    const { shortCode } = await (await mine.create()).transfer({ mode: 'share' })
    for (let wrong = 0; wrong < 4; wrong++) {
      expect(await codeOf(mine.redeem({ shortCode: `ZZZZZZZ${wrong}` }))).toBe('not_found')
    }
    expect(await codeOf(mine.redeem({ shortCode }))).toBe('settled')
  })

  it('of a transfer leads to it all the same', async () => {
    const mine = service({ store: losesAnswers('transfers', loss) }).for(anonymous)
    const { secret } = await (await mine.create()).transfer({ mode: 'share' })
    expect(await codeOf(mine.redeem({ secret }))).toBe('settled')
  })

  it('of a ledger puts aside and spends once', async () => {
    const store = losesAnswers('budgets', loss, 2)
    const budgets = [{ scope: 'user' as const, maxTokens: 20, reserveTokens: 10 }]
    const session = await createSessions({ store, budgets }).for(alice).create()
    const turn = () => session.turn('Hi', () => [{ type: 'usage', inputTokens: 10 }, 'ok']).result
    expect(await codeOf(turn())).toBe('settled')
    expect(await codeOf(turn())).toBe('settled')
    expect(await codeOf(turn())).toBe('budget_exceeded')
  })

  it('of a turn’s record stops nothing', async () => {
    const session = await service({ store: losesAnswers('turns', loss) })
      .for(alice)
      .create()
    expect((await session.turn('Hi', () => ['ok']).result).status).toBe('completed')
  })

  it('of a keyed request has it executed at once, and answered again', async () => {
    const api = apiFixture({ store: losesAnswers('requests', loss, 2) })
    const client = new ApiClient(
      (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
      'acme/alice',
    )
    const id = await client.newSession()
    const item = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
    const send = () => client.post(`/sessions/${id}/cart/items`, item, { 'idempotency-key': 'once' })
    // Under a lease that nobody holds it would wait for it to end, and say that the request is in progress.
    const first = await send()
    expect(first.status).toBe(201)
    const again = await send()
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await client.get(`/sessions/${id}/cart`)).body.cart.items[0].quantity).toBe(1)
  })
})

/** A store that loses the answer to one write, behind which so many others come. */
function overtaken(others: number) {
  const inner = memoryStore()
  const losing = losesAnswers('tries', 'of a write that was applied', 1, inner)
  const store: SessionStore = {
    ...losing,
    commit: (...args) =>
      losing.commit(...args).catch(async (error: unknown) => {
        for (let other = 0; other < others; other++) await updateSideRecord({ store: inner }, ref, add)
        throw error
      }),
  }
  return { inner, store }
}
