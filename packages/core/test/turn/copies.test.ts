import { expect, test } from 'vitest'
import { createSessions, memoryStore } from '../../src/index.js'
import type { SessionStore, StoredSession } from '../../src/store.js'

const credentialSecrets = ['a secret that is long enough for all of these tests']
const alice = { tenantId: 'acme', userId: 'alice' }

/** Shows what may be old as it was when it was asked for the first time. */
function withCopies(last: SessionStore): SessionStore {
  const copies = new Map<string, StoredSession | undefined>()
  return {
    ...last,
    async read(ref, { maxAgeMs = 0, ...options } = {}) {
      if (maxAgeMs === 0) return last.read(ref, options)
      if (!copies.has(ref.id)) copies.set(ref.id, await last.read(ref, options))
      return structuredClone(copies.get(ref.id))
    },
  }
}

test('a turn that began on a copy with fewer messages is found again, while it runs and after it', async () => {
  const last = memoryStore()
  const here = createSessions({ store: withCopies(last), reads: { maxAgeMs: 1000 }, credentialSecrets })
  const there = createSessions({ store: last, credentialSecrets })
  const made = await there.for(alice).create({ id: 's' })
  const held = await here.for(alice).get('s')
  await held.read()
  for (let n = 0; n < 60; n++) await made.append({ role: 'user', content: `between ${n}` })
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  let asked = 0
  const ask = () =>
    held.turn(
      'And?',
      async () => {
        await gate
        return `answer ${++asked}`
      },
      { key: 'k' },
    )
  const first = ask()
  await first.started
  const again = ask()
  await again.started
  release()
  const results = [await first.result, await again.result, await ask().result]
  expect(results.map(({ text }) => text)).toEqual(['answer 1', 'answer 1', 'answer 1'])
  const { messages } = await made.history({ limit: 100 })
  expect(messages.slice(-2).map(({ content }) => content)).toEqual(['And?', 'answer 1'])
  expect(messages).toHaveLength(62)
})

test('a copy that shows a turn which has ended, or an answer, decides nothing', async () => {
  const last = memoryStore()
  const there = createSessions({ store: last, credentialSecrets })
  const made = await there.for(alice).create({ id: 's' })
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => (release = resolve))
  const running = made.turn({ id: 'm', content: 'Hi' }, async () => {
    await gate
    return 'Hello'
  })
  await running.started
  const here = createSessions({ store: withCopies(last), reads: { maxAgeMs: 1000 }, credentialSecrets })
  const held = await here.for(alice).get('s')
  await held.read()
  release()
  const { turnId } = await running.result
  expect((await held.turn('And?', () => 'Yes').result).text).toBe('Yes')
  const again = await held.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result
  expect(again).toMatchObject({ text: 'Hello', turnId, replayed: true })
})

test('a message is looked for in a copy; what goes back, or asks nothing, is not', async () => {
  const last = memoryStore()
  const ages: (number | undefined)[] = []
  const store: SessionStore = {
    ...last,
    read: async (ref, options) => {
      if (ref.tenantId === 'acme') ages.push(options?.maxAgeMs)
      return last.read(ref, options)
    },
  }
  const session = await createSessions({ store, reads: { maxAgeMs: 1000 }, credentialSecrets })
    .for(alice)
    .create()
  const looks = async (...[input, from]: [string | undefined, number?]) => {
    ages.length = 0
    await session.turn(input, () => 'Yes', from === undefined ? {} : { from }).result
    return ages.filter((age) => age === 1000).length
  }
  expect([await looks('Hi'), await looks('Ho', 0), await looks(undefined), await looks('Hi')]).toEqual([
    1, 0, 0, 1,
  ])
})

test('an answer that an old path has, and the active branch has not, does not count', async () => {
  const last = memoryStore()
  const there = createSessions({ store: last, credentialSecrets })
  const here = createSessions({ store: withCopies(last), reads: { maxAgeMs: 1000 }, credentialSecrets })
  const made = await there.for(alice).create({ id: 's' })
  const answer = (id: string, output: string) => ({
    id,
    role: 'tool' as const,
    content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'locate', output }],
  })
  await made.append([
    { role: 'user', content: 'Where am I?' },
    { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'locate', input: {} }] },
    answer('m1', 'Graz'),
  ])
  const held = await here.for(alice).get('s')
  await held.read()
  await made.rewind(2)
  expect((await held.turn(answer('m2', 'Wien'), () => 'Wien').result).text).toBe('Wien')
})
