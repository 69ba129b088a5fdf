import { describe, expect, it } from 'vitest'
import { type CallerSessions, memoryStore, type Session, SessionError, type Sessions } from '../src/index.js'
import { storeUsageLog } from '../src/usage.js'
import { alice, codeOf, service } from './service.js'

type Call = (session: Session, mine: CallerSessions) => Promise<unknown>

// Arguments as code gives them that no compiler has read.
const loose = (value: unknown): never => value as never
const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

function counting(): Sessions {
  const store = memoryStore()
  return service({ store, usage: { log: storeUsageLog(store) } })
}

const auditing = (): Sessions =>
  service({ audit: { secrets: ['a secret of the audit that nobody else knows'] } })

describe('an argument of another kind', () => {
  it.each<[string, Call]>([
    ['context of nothing', (session) => session.context(loose(undefined))],
    ['context with instructions', (session) => session.context({ maxTokens: 100, system: loose(NaN) })],
    ['context with tools', (session) => session.context({ maxTokens: 100, tools: loose(null) })],
    [
      'context with tools that hold themselves',
      (session) => session.context({ maxTokens: 100, tools: cyclic as never }),
    ],
    ['context with a strategy', (session) => session.context({ maxTokens: 100, strategy: loose({}) })],
    ['cart.merge of nothing', (session) => session.cart.merge(loose(undefined))],
    ['cart.merge of no items', (session) => session.cart.merge({ items: loose([null]) })],
    ['rewind', (session) => session.rewind(loose(1n))],
    ['edit', (session) => session.edit(loose(null))],
    ['redact', (session) => session.redact(loose('1'))],
    ['redact by a symbol', (session) => session.redact(loose(Symbol('1')))],
    ['redact by an object', (session) => session.redact(loose(Object.create(null)))],
    ['extend', (session) => session.extend({ idleMs: loose(Symbol('1')) })],
    ['sweepEvery', async () => service().sweepEvery(loose(5n))],
    ['redact with options', (session) => session.redact(1, loose({ revision: 1 }))],
    ['amend to nothing', (session) => session.amend(1, loose(undefined))],
    ['amend', (session) => session.amend(1, loose({ content: cyclic }))],
    ['annotate with nothing', (session) => session.annotate(1, loose(undefined))],
    ['annotate', (session) => session.annotate(1, cyclic as never)],
    ['annotate with options', (session) => session.annotate(1, {}, loose(7))],
    ['watch without a pause', (session) => session.watch({ pollMs: 1e20 }).next()],
    ['subscribe', (session) => session.subscribe(loose(null)).next()],
    ['subscribe after a number', (session) => session.subscribe({ after: loose(1) }).next()],
    ['history', (session) => session.history({ branch: loose('x') })],
    ['state.update', (session) => session.state.update(loose(undefined))],
    ['pseudonym', (session) => session.pseudonym(loose(1n))],
    ['transfer', (session) => session.transfer(loose(undefined))],
    ['transfer from a device', (session) => session.transfer({ mode: 'copy', device: loose(1n) })],
    ['watchTurn', async (session) => session.watchTurn('x', loose('1')).next()],
    ['watchTurn of a date', async (session) => session.watchTurn(loose(new Date(0))).next()],
    ['describeTransfer', (_, mine) => mine.describeTransfer(loose(undefined))],
    ['redeem', (_, mine) => mine.redeem(loose(undefined))],
    ['create', (_, mine) => mine.create({ messages: loose(1) })],
    ['list', (_, mine) => mine.list({ label: loose(1) })],
    ['count', (_, mine) => mine.count({ label: loose({}) })],
    ['count of a user', (_, mine) => mine.count({ userId: loose(1) })],
    ['count up to', (_, mine) => mine.count({ atMost: loose(1n) })],
    ['append to an id', (session, mine) => mine.append(session.id, loose(null))],
    ['fork', (session, mine) => mine.fork(session, { include: loose('state') })],
    ['for', async () => service().for(loose({ tenantId: 'acme', roles: {} }))],
    ['search for nothing', (_, mine) => mine.search(loose(undefined))],
    ['search of sessions for nothing', (_, mine) => mine.searchSessions(loose(undefined))],
    ['remember nothing', (session) => session.remember(loose(undefined), { scope: 'user' })],
    ['an arm of nothing', async (session) => service().armOf(session, loose(undefined))],
    ['analytics of nothing', async () => service().analytics(loose(undefined))],
    ['usage of nothing', async () => counting().usage(loose(undefined))],
    ['reprice nothing', async () => counting().reprice(loose(undefined))],
    ['entries of nothing', async () => auditing().audit.list(loose(undefined)).next()],
    ['entries of null', async () => auditing().audit.list(loose(null)).next()],
    ['verify nothing', async () => auditing().audit.verify(loose(undefined))],
    ['checkpoint of nothing', async () => auditing().audit.checkpoint(loose(undefined))],
    ['checkpoint of more', async () => auditing().audit.checkpoint(loose({ tenantId: 'acme', lane: 'x' }))],
    ['pseudonym of nobody', async () => auditing().audit.pseudonym(loose(undefined))],
    ['erase nobody', async () => service().privacy.erase(loose(undefined))],
    ['consent of nobody', async () => service().consent.get(loose(undefined))],
    ['sweep', async () => service().sweep(loose(1))],
    ['for nobody', async () => service().for(loose(undefined))],
  ])('is refused: %s', async (_, call) => {
    const mine = service().for(alice)
    expect(await codeOf(call(await mine.create(), mine))).toBe('invalid')
  })

  it('opens nothing', async () => {
    const mine = service().for(alice)
    expect(await mine.findByCredential(loose(null))).toBeUndefined()
    expect(await mine.isOutdated(loose(1))).toBe(false)
  })

  it('leaves a session readable, also where limits of a summary make no sense', async () => {
    const session = await service().for(alice).create()
    expect(await codeOf(session.compact({ maxTokens: -1 }))).toBe('invalid')
    await session.compact({ maxTokens: 0, inputTokens: 0 })
    await expect(session.read()).resolves.toBeDefined()
  })
})

describe('a draft', () => {
  it.each<[string, Call, string]>([
    ['an unknown item', (draft) => draft.cart.remove('x'), 'not_found'],
    ['a place that is not there', (draft) => draft.rewind(1), 'invalid'],
    ['another revision', (draft) => draft.edit({ title: 'x' }, { ifRevision: 4 }), 'conflict'],
    ['an unknown transfer', (draft) => draft.revokeTransfer('x'), 'not_found'],
    ['too much', (draft) => draft.state.merge({ text: 'x'.repeat(70_000) }), 'too_large'],
    ['half a millisecond', (draft) => draft.extend({ absoluteMs: 0.5 }), 'invalid'],
    ['more milliseconds than count', (draft) => draft.extend({ idleMs: 2 ** 53 }), 'invalid'],
    ['too long a name', (draft) => draft.edit({ title: 'x' }, { changeId: 'x'.repeat(70_000) }), 'too_large'],
    ['nothing to answer', (draft) => draft.turn(undefined, () => 'x').result, 'invalid'],
    ['a turn elsewhere', (draft) => draft.turn('Hi', () => 'x', { from: 3 }).result, 'invalid'],
    [
      'a turn at another revision',
      (draft) => draft.turn('Hi', () => 'x', { ifRevision: 4 }).result,
      'conflict',
    ],
  ])('stays one when a write is refused for %s', async (_, call, code) => {
    const mine = service().for(alice)
    const draft = mine.draft()
    expect(await codeOf(call(draft, mine))).toBe(code)
    expect(draft.isStored).toBe(false)
    expect((await mine.list()).items).toEqual([])
  })

  it('is stored by a write that insists on the revision it has', async () => {
    const draft = service().for(alice).draft()
    await draft.state.merge({ a: 1 }, { ifRevision: draft.record.revision })
    expect(await draft.state.get()).toEqual({ a: 1 })
  })
})

it('nothing to amend a message to, and a checkout under the id of another change, are refused as invalid', async () => {
  const session = await service().for(alice).create()
  await session.append({ role: 'user', content: 'Hi' })
  expect(await codeOf(session.amend(1, loose(undefined)))).toBe('invalid')
  await session.reset({ changeId: 'once' })
  expect(await codeOf(session.cart.checkout({ changeId: 'once' }))).toBe('invalid')
  expect(await service().sweep(loose(null))).toBe(0)
})

it('more tokens than anybody can count leave a session readable', async () => {
  const mine = service().for(alice)
  const session = await mine.create()
  for (const outputTokens of [4.9e267, Infinity, 2 ** 53]) {
    await codeOf(session.turn('Hi', () => [{ type: 'usage', outputTokens }, 'ok']).result)
  }
  const again = await mine.get(session.id)
  expect(await codeOf(again.turn('Hi', () => 'ok').result)).toBe('settled')
})

describe('a verb that is called without what it needs', () => {
  it.each(['session', 'cart', 'state', 'preferences', 'mine'] as const)(
    'of %s is refused as invalid, if at all',
    async (kind) => {
      const targets = async () => {
        const mine = service().for(alice)
        const session = await mine.create()
        const { cart, state, preferences } = session
        return { mine, session, cart, state, preferences }
      }
      const prototype = Object.getPrototypeOf((await targets())[kind]) as object
      const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype))
        .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
        .map(([name]) => name)
      expect(methods.length).toBeGreaterThan(1)
      for (const name of methods) {
        for (const args of [[], [null], [undefined, null]]) {
          const target = (await targets())[kind] as unknown as Record<
            string,
            (...given: unknown[]) => unknown
          >
          let error: unknown
          try {
            const made = target[name]!(...args)
            const settled = (made as { result?: unknown } | undefined)?.result ?? made
            await Promise.race([settled, turnsOfTheLoop(20)])
          } catch (caught) {
            error = caught
          }
          if (error !== undefined)
            expect(error, `${name}(${JSON.stringify(args)})`).toBeInstanceOf(SessionError)
        }
      }
    },
  )
})

/** By then a verb has settled, unless it waits for something to happen. */
async function turnsOfTheLoop(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}
