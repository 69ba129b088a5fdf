import { createSessions, memoryStore, type Session, type Sessions } from '@sessions/core'
import { describe, expect, it } from 'vitest'
import { tieredStore } from '../src/index.js'
import type { SessionRef, SessionStore } from '@sessions/core/store'

const credentialSecrets = ['a secret that is long enough for all of these tests']
const alice = { tenantId: 'acme', userId: 'alice' }

/** A process that may show what is old and keeps it, one that may not, and what the former asks of the store. */
function pair(maxAgeMs = 3_600_000) {
  const last = memoryStore()
  const calls: string[] = []
  // What is asked of records of the library's own, and what of the session.
  const note = (method: keyof SessionStore) =>
    (async (...given: [SessionRef]) => {
      if (!given[0].tenantId?.startsWith('~')) calls.push(method)
      return (last[method] as (...given: unknown[]) => unknown)(...given)
    }) as never
  const noted: SessionStore = {
    ...last,
    read: note('read'),
    messages: note('messages'),
    commit: note('commit'),
  }
  const tiered = tieredStore(noted, { hot: { maxBytes: 1024 * 1024 } })
  const here = createSessions({ store: tiered, reads: { maxAgeMs }, credentialSecrets })
  const there = createSessions({ store: last, credentialSecrets })
  return { here, there, calls }
}

async function shared({ here, there }: { here: Sessions; there: Sessions }, copies = true) {
  const made = await there.for(alice).create({ id: 's', state: { a: 1 } })
  await made.turn('Hello', () => 'Hi', { key: 'first' }).result
  const held = await here.for(alice).get('s')
  if (copies) await held.read()
  return { made, held }
}

const textsOf = async (session: Session) =>
  (await session.history()).messages.map(({ content }) =>
    typeof content === 'string' ? content : JSON.stringify(content),
  )
const codeOf = (error: unknown) => (error as { code: string }).code

describe('a turn that begins on a copy', () => {
  it('reads nothing of the store before its first commit', async () => {
    const both = pair()
    const { made, held } = await shared(both)
    both.calls.length = 0
    let before: string[] | undefined
    await held.turn('And?', () => {
      before = [...both.calls]
      return 'So.'
    }).result
    expect(before![0]).toBe('commit')
    expect(await textsOf(made)).toEqual(['Hello', 'Hi', 'And?', 'So.'])
    // Turn after turn, by what it wrote itself.
    both.calls.length = 0
    await held.turn('More?', () => 'No.').result
    expect(both.calls[0]).toBe('commit')
  })

  it('reads as ever where nothing may be old, or there is no copy', async () => {
    for (const [maxAgeMs, copies] of [
      [0, true],
      [1000, false],
    ] as const) {
      const both = pair(maxAgeMs)
      const { held } = await shared(both, copies)
      both.calls.length = 0
      await held.turn('And?', () => 'So.').result
      expect(both.calls[0]).toBe('read')
    }
  })
})

/** What another process did since the copy was taken, and what the turn then asks. */
const meanwhile: Record<string, (made: Session, there: Sessions) => Promise<unknown>> = {
  nothing: async () => undefined,
  'a message was appended': (made) => made.append({ role: 'user', content: 'between' }),
  'sixty messages were appended': async (made) => {
    for (let n = 0; n < 60; n++) await made.append({ role: 'user', content: `between ${n}` })
  },
  'the state was changed': (made) => made.state.merge({ a: 2 }),
  'both happened': async (made) => {
    await made.append({ role: 'user', content: 'between' })
    await made.cart.add({ sku: 'a', name: 'a', price: { amount: 1, currency: 'EUR' } })
  },
  'another turn ran': (made) => made.turn('elsewhere', () => 'there').result,
  'the same turn ran': (made) =>
    made.turn({ role: 'user', content: 'And?', id: 'asked' }, () => 'there').result,
  'the same id was used for another text': (made) =>
    made.turn({ role: 'user', content: 'Other', id: 'asked' }, () => 'there').result,
  'its message was appended': (made) => made.append({ role: 'user', content: 'And?', id: 'asked' }),
  'it was rewound': async (made) => made.rewind(0),
  'it was reset': (made) => made.reset(),
  'it was deleted': (made) => made.delete(),
  'it was deleted and made again': async (made, there) => {
    await made.delete()
    await there.for(alice).create({ id: 's' })
  },
  'its newest message was redacted': async (made) => made.redact(2),
}

describe.each(Object.keys(meanwhile))('since the copy was taken %s:', (name) => {
  it('a turn does, stores and answers what it does without copies', async () => {
    const outcomes = []
    for (const maxAgeMs of [3_600_000, 0]) {
      const both = pair(maxAgeMs)
      const { made, held } = await shared(both)
      await meanwhile[name]!(made, both.there)
      let asked = 0
      const ask = () =>
        held
          .turn({ role: 'user', content: 'And?', id: 'asked' }, async (turn) => {
            asked++
            return `answer to ${(await turn.session.history()).messages.length}`
          })
          .result.then(({ text }) => text, codeOf)
      // The same again is answered from the log.
      const told = [await ask(), await ask()]
      const now = await both.there.for(alice).find('s')
      outcomes.push({
        told,
        asked,
        texts: now === undefined ? [] : await textsOf(now),
        state: await now?.state.get(),
        branches: (await now?.branches())?.length,
        info: (await now?.info())?.messages,
      })
    }
    expect(outcomes[0]).toEqual(outcomes[1])
  })
})

it('a turn of another process holds the session against a turn that begins on a copy, by each policy', async () => {
  for (const policy of ['reject', 'interrupt', 'queue'] as const) {
    const both = pair()
    const { made, held } = await shared(both)
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const other = made.turn('There', async () => {
      await gate
      return 'there'
    })
    await other.started
    const mine = held.turn('Here', () => 'here', { policy })
    if (policy === 'reject') await expect(mine.result).rejects.toMatchObject({ code: 'turn_in_progress' })
    if (policy !== 'interrupt') release()
    if (policy !== 'reject') expect((await mine.result).text).toBe('here')
    release()
    await other.result.catch(() => {})
    const texts = await textsOf(made)
    expect(texts.filter((text) => text === 'Here')).toHaveLength(policy === 'reject' ? 0 : 1)
  }
})

it('of turns that begin on copies in many processes at once each is answered once, in order', async () => {
  const last = memoryStore()
  const processes = Array.from({ length: 4 }, () =>
    createSessions({
      store: tieredStore(last, { hot: { maxBytes: 1024 * 1024 } }),
      reads: { maxAgeMs: 3_600_000 },
      credentialSecrets,
    }),
  )
  await processes[0]!.for(alice).create({ id: 's' })
  const held = await Promise.all(processes.map((sessions) => sessions.for(alice).get('s')))
  await Promise.all(held.map((session) => session.read()))
  let answered = 0
  await Promise.all(
    held.flatMap((session, process) =>
      [1, 2, 3].map(
        (n) =>
          session.turn(`question ${process}.${n}`, () => `answer ${++answered}`, {
            policy: 'queue',
            key: `${process}.${n}`,
          }).result,
      ),
    ),
  )
  expect(answered).toBe(12)
  const texts = await textsOf(await createSessions({ store: last, credentialSecrets }).for(alice).get('s'))
  expect(texts).toHaveLength(24)
  for (const [index, text] of texts.entries()) expect(text).toMatch(index % 2 === 0 ? /^question/ : /^answer/)
})
