import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type CallerSessions,
  type Message,
  memoryStore,
  type Session,
  type Sessions,
  type SessionStore,
  textOf,
} from '../../src/index.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { emptyCart } from '../../src/domain/cart.js'
import { encodeParsed } from '../../src/domain/message.js'
import { alice, codeOf, service } from '../service.js'
import { changingStore } from '../changing-store.js'

const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
const credentialSecrets = ['a secret that both processes know, and nobody else']
export const on = (store: SessionStore): Sessions => service({ store, credentialSecrets })

/** What a copy takes along. */
async function copyable(session: Session) {
  const { record, state, preferences, cart } = await session.read()
  const messages = (await session.allMessages()).map((message: Message) => textOf(message))
  return { title: record.title, state, preferences, skus: cart.items.map(({ sku }) => sku), messages }
}

/** A session of `count` messages, and the service of another process that changes it. */
export async function prepared(count: number) {
  const store = memoryStore()
  const mine = on(store).for(alice)
  const session = await mine.create({ id: 'source', title: 'T', state: { phase: 'choosing' }, cart: [phone] })
  await store.commit(session.ref, { messages: numbered('m', count) })
  return { store, mine, session }
}

const payloadOf = (content: string) => JSON.stringify({ role: 'user', content, tokens: 1 })
const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `${name}${n + 1}`, payload: payloadOf(`${name}${n + 1}`) }))

type Change = (mine: CallerSessions, store: SessionStore, count: number) => Promise<unknown>

export const redact = (store: SessionStore, seqs: readonly number[], text: string) =>
  store.amend(
    { tenantId: 'acme', id: 'source' },
    seqs.map((seq) => ({ seq, payload: payloadOf(text) })),
  )

const changes: Record<string, Change> = {
  'a cart change': async (mine) => (await mine.get('source')).cart.clear(),
  // As a turn does it: in one commit, so that the one is never seen without the other.
  'an order, and the message that says so': async (mine) => {
    const message = encodeParsed({ id: 'ordered', role: 'assistant', content: 'Ordered.' }, 1)
    const live = liveSessionOf(await mine.get('source'), 'session')
    await live.update((body) => ({ ...body, cart: emptyCart, state: { phase: 'ordered' } }), {
      messages: [message],
      title: 'Ordered',
    })
  },
  'a reset': async (mine) => (await mine.get('source')).reset(),
  'a rewind': async (mine, _store, count) => (await mine.get('source')).rewind(count - 2),
  'a redaction': async (_mine, store, count) => redact(store, [2, count - 1], 'redacted'),
  'an expired history': async (_mine, store, count) =>
    store.trim({ tenantId: 'acme', id: 'source' }, count - 1),
  'another session under its id': async (mine, store, count) => {
    await mine.delete('source')
    const { ref } = await mine.create({ id: 'source', title: 'Other' })
    await store.commit(ref, { messages: numbered('other', count) })
  },
}

/** The names of all changes. */
export const allChanges = Object.keys(changes)

/** Has a copy made of a session to which something happens right after each call of the store in turn. */
async function whenever(
  name: string,
  count: number,
  copied: (theirs: Sessions, session: Session) => Promise<string>,
): Promise<number> {
  for (let when = 1; ; when++) {
    const { store, mine, session } = await prepared(count)
    const before = await copyable(session)
    let happened = false
    const changing = changingStore(store, (call) => {
      if (call !== when) return undefined
      happened = true
      return changes[name]!(mine, store, count)
    })
    const copy = copied(on(changing.store), session)
    const code = await codeOf(copy)
    if (!happened) return changing.calls.length
    // Another session is none that was to be copied.
    const isAnother = name === 'another session under its id'
    if (isAnother && code === 'not_found') continue
    expect(code, `${name} after call ${when}: ${changing.calls.join()}`).toBe('settled')
    const made = await copyable(await mine.get(await copy))
    const after = isAnother ? before : await copyable(await mine.get('source'))
    const is = [before, after].map((moment) => isDeepStrictEqual(made, moment))
    expect(is, `${name} after call ${when}: ${changing.calls.join()}`).toContain(true)
  }
}

/** Copies a session of `count` messages, and has each of the named changes happen meanwhile. */
export function testOneMoment(title: string, count: number, names: readonly string[] = allChanges): void {
  describe(`a session ${title}`, () => {
    it.each(names)('is forked from one moment, whenever %s happens', async (name) => {
      const calls = await whenever(name, count, async (theirs, { id }) => {
        const source = await theirs.for(alice).get(id)
        return (await theirs.for(alice).fork(source)).id
      })
      expect(calls).toBeGreaterThan(2)
    })

    it.each(names)('is copied to another device from one moment, whenever %s happens', async (name) => {
      const calls = await whenever(name, count, async (theirs, session) => {
        const { secret } = await session.transfer({ mode: 'copy' })
        const outcome = await theirs.for(alice).redeem({ secret })
        return outcome.status === 'redeemed' ? outcome.session.id : outcome.status
      })
      expect(calls).toBeGreaterThan(4)
    })
  })
}
