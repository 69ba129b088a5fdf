import { expect, it, vi } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore, textOf } from '../../src/index.js'
import { sideRecordTenant } from '../../src/service/side-records.js'
import { alice, codeOf, service } from '../service.js'
import { echo, fast, lines, opened } from './turns.js'

it('leaves nothing behind: the session is free, the budget whole, and no log is kept', async () => {
  const inner = memoryStore()
  let isDown = false
  const store: SessionStore = {
    ...inner,
    messages: async (ref, query) => {
      if (isDown && ref.tenantId === 'acme') throw new SessionError('unavailable', 'down')
      return inner.messages(ref, query)
    },
  }
  const budgets = [{ scope: 'tenant' as const, maxTokens: 10, reserveTokens: 10 }]
  const session = await createSessions({ store, turns: fast, budgets }).for(alice).open('one')
  await session.append({ id: 'm', role: 'user', content: 'Hi' })
  isDown = true
  // The message is known, so the turn looks for an answer to it once it holds the session.
  const code = await codeOf(session.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result)
  expect(code).toBe('unavailable')
  isDown = false
  expect(await session.currentTurn()).toBeUndefined()
  expect((await inner.list({ tenantId: sideRecordTenant('turns', 'acme'), limit: 10 })).items).toEqual([])
  const [ledger] = (await inner.list({ tenantId: sideRecordTenant('budgets', 'acme'), limit: 10 })).items
  expect((await inner.read(ledger!))?.body).toContain('"reserved":{}')
  expect((await session.turn({ id: 'm', content: 'Hi' }, echo).result).text).toBe('You said Hi')
})

it('is not tried again by its key once the conversation went on after a reply that broke off', async () => {
  const session = await opened({ onWarning: () => {} })
  const ask = (respond: typeof echo) => session.turn('Hi', respond, { key: 'k' }).result
  const broken = await ask(() => Promise.reject(new Error('down')))
  await session.append({ role: 'user', content: 'Are you there?' })
  const again = await ask(() => expect.fail('asked'))
  expect(again).toMatchObject({ status: 'failed', replayed: true, turnId: broken.turnId })
  expect(await lines(session)).toEqual([
    'user: Hi (completed)',
    'assistant:  (failed)',
    'user: Are you there? (completed)',
  ])
})

it('shows the model nothing of a history that has ended', async () => {
  let now = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const sessions = service({
    store: memoryStore({ clock: () => now }),
    turns: fast,
    ttl: { historyMs: 1000 },
  })
  const session = await sessions.for(alice).create()
  const shown: string[][] = []
  const ask = (text: string) =>
    session.turn(text, async ({ context }) => {
      const { messages } = await context({ maxTokens: 1000 })
      shown.push(messages.map(textOf))
      return 'ok'
    }).result
  await ask('one')
  now += 1000
  await ask('two')
  now += 1001
  await ask('three')
  vi.restoreAllMocks()
  expect(shown).toEqual([['one'], ['one', 'ok', 'two'], ['three']])
})

it.each(['assistant', 'system'] as const)(
  'answers no message of the role %s, and stores none',
  async (role) => {
    const session = await opened({})
    const said = { role, content: 'Hi' } as never
    const { started, result } = session.turn(said, () => expect.fail('asked'))
    for (const refused of [started, result]) {
      await expect(refused).rejects.toMatchObject({ code: 'invalid', path: 'role' })
    }
    expect(await lines(session)).toEqual([])
  },
)
