import type { SessionRef, SessionStore } from '@sessions/core/store'
import { startFaultProxy } from '@sessions/testkit'
import { expect, test } from 'vitest'
import { postgresStore } from '../src/index.js'
import { migrated, type useServer } from './databases.js'
import { noteStatements } from './sent-statements.js'

const ref: SessionRef = { tenantId: 'acme', id: 'session' }
const other: SessionRef = { tenantId: 'acme', id: 'other' }
const message = (id: string) => ({ id, payload: `payload of ${id}` })

const writes = {
  append: (store) => store.commit(ref, { messages: [message('m1'), message('m2')] }),
  change: (store) => store.commit(ref, { title: 'Phones' }),
  create: (store) => store.commit(other, { revision: 0, messages: [message('m1')] }),
  amend: (store) => store.amend(ref, [{ seq: 1, payload: 'amended' }]),
  trim: (store) => store.trim(ref, 1),
  remove: (store) => store.remove(ref),
} satisfies Record<string, (store: SessionStore) => Promise<unknown>>

export const allWrites = Object.keys(writes) as (keyof typeof writes)[]

/** Cuts the connection of a store of portable statements at each statement of a write, before and after it arrived. */
export function testLostConnections(
  context: ReturnType<typeof useServer>,
  names: readonly (keyof typeof writes)[],
): void {
  test.each(names)('of %s: unknown at the end, tried again before it', async (name) => {
    const write = writes[name]
    for (const kind of ['cutBeforeReply', 'cutAfterRequest'] as const) {
      const url = await migrated(context.server)
      const proxy = await startFaultProxy({ target: context.server })
      const pool = context.pools.open(proxy.through(url))
      const sent = noteStatements(pool)
      const direct = postgresStore(context.pools.open(url))
      const store = postgresStore(pool, { statements: 'portable' })
      const reset = async () => {
        for (const each of [ref, other]) await direct.remove(each)
        await direct.commit(ref, { revision: 0, messages: [message('m0')] })
        sent.texts = []
      }
      await reset()
      await write(store)
      const commitAt = sent.texts.indexOf('commit')
      expect(commitAt).toBeGreaterThan(1)
      for (let at = 0; at <= commitAt; at++) {
        await reset()
        sent.onSend = () => {
          if (sent.texts.length === at + 1) proxy.set({ kind, times: 1 })
        }
        const outcome = await write(store).then(
          () => 'done',
          (error: { code: string }) => error.code,
        )
        expect(outcome, `${kind} of ${sent.texts[at]}`).toBe(at === commitAt ? 'unknown_outcome' : 'done')
        delete sent.onSend
        if (at < commitAt || name !== 'append') continue
        const again = (await write(store)) as Awaited<ReturnType<SessionStore['commit']>>
        const inserted = kind === 'cutAfterRequest'
        expect(again.messages).toMatchObject([
          { seq: 2, inserted },
          { seq: 3, inserted },
        ])
      }
      await proxy.stop()
    }
  })
}
