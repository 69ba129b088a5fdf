import type { CallerSessions } from '../../caller-sessions.js'
import type { SessionStore } from '../../contract/session-store.js'
import { textOf } from '../../domain/message.js'
import { isSessionError, type SessionErrorCode } from '../../errors.js'
import { newId } from '../../ids.js'
import { createSessions } from '../../sessions.js'
import type { StoreUnderTest } from '../store-case.js'
import { type StoreMethod, wrapStore } from '../wrap-store.js'
import type { CaseMaker, VerbScene } from './verb-case.js'

const credentialSecrets = ['a secret that only these tests may know']
const phone = { sku: 'P', name: 'Phone', price: { amount: 100, currency: 'EUR' } }

const serviceOver = (store: SessionStore) =>
  createSessions({
    store,
    credentialSecrets,
    consent: { unsaid: { memory: true, storage: true, analytics: false } },
    onWarning: () => {},
  })

/** What becomes of a call that a verb makes of its store, the first of which is number 1. */
export type AroundCall = (
  number: number,
  method: StoreMethod,
  call: () => Promise<unknown>,
) => Promise<unknown>

/**
 * A user of a new tenant with a session `one`, and a process that calls a verb for them.
 *
 * @param around What becomes of the calls that the verb makes (default: they are made).
 */
export async function verbPlace(
  { store, peer }: StoreUnderTest,
  { make }: CaseMaker,
  around: AroundCall = async (_, __, call) => call(),
) {
  const identity = { tenantId: newId(), userId: 'alice' }
  const sceneOver = async (over: SessionStore): Promise<VerbScene> => {
    const sessions = serviceOver(over)
    const mine = sessions.for(identity)
    return { sessions, mine, session: (await mine.find('one')) ?? mine.draft() }
  }
  await serviceOver(peer)
    .for(identity)
    .create({
      id: 'one',
      title: 'T',
      state: { phase: 'choosing' },
      cart: [phone],
      messages: ['one', 'two', 'three'].map((content) => ({ role: 'user' as const, content })),
    })
  const verb = await make(await sceneOver(peer))
  let calls: number | undefined
  const scene = await sceneOver(
    wrapStore(store, async (method, call) => (calls === undefined ? call() : around(++calls, method, call))),
  )
  return {
    verb,
    /** Calls the verb. @returns The code that it rejects with; undefined when it resolves. */
    run: async () => {
      calls = 0
      return codeOf(verb.run(scene))
    },
    /** How many calls the verb has made. */
    calls: () => calls ?? 0,
    /** Calls the verb in another process. */
    again: async () => codeOf(verb.run(await sceneOver(peer))),
    /** The same user in another process. */
    elsewhere: async () => sceneOver(peer),
    /** What the user sees in another process. */
    see: async () => {
      const now = await sceneOver(peer)
      return { ...(await seen(now.mine)), more: await verb.sees?.(now) }
    },
  }
}

/** All that a user sees of their sessions, without ids and times that another run would not have. */
async function seen(mine: CallerSessions) {
  const { items } = await mine.list({ limit: 100 })
  const sessions = await Promise.all(
    items.map(async ({ id }) => {
      const session = await mine.get(id)
      const { record, state, preferences, cart, facts } = await session.read()
      const { messages } = await session.history({ limit: 100 })
      return {
        title: record.title,
        userId: record.userId,
        state,
        preferences,
        cart: cart.items.map(({ sku, quantity }) => `${quantity} ${sku}`),
        facts: facts.map(({ text }) => text),
        messages: messages.map((message) => `${message.seq} ${message.role}: ${textOf(message)}`),
        branches: (await session.branches()).length,
        orders: (await session.orders()).length,
        transfers: (await session.transfers()).map(({ mode, status }) => `${mode} ${status}`),
      }
    }),
  )
  const memory = (await mine.memory.list()).map(({ text }) => text)
  // Those of one millisecond are listed in any order.
  const order = new Map(sessions.map((session) => [session, JSON.stringify(session)]))
  return {
    sessions: sessions.toSorted((one, other) => (order.get(one)! < order.get(other)! ? -1 : 1)),
    memory,
  }
}

async function codeOf(call: Promise<unknown>): Promise<SessionErrorCode | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (isSessionError(error)) return error.code
    throw error
  }
}
