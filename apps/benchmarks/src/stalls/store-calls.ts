import type { NewMessage, SessionStore } from '@sessions/core/store'
import { tenantId } from '../stores/workload.js'

/** A call of a store with several MB. */
export interface StoreCall {
  readonly name: string
  /** The most milliseconds that it may hold the event loop. */
  readonly bar: number
  /** Makes the session that the call is about. */
  readonly prepare: (store: SessionStore) => Promise<() => Promise<unknown>>
}

const megabyte = 1024 * 1024
let sessions = 0

function messages(count: number, bytes: number, prefix = 'm'): NewMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${prefix}${index}`
    return { id, payload: id.padEnd(bytes, ' a word') }
  })
}

const newRef = () => ({ tenantId, id: `large ${sessions++}` })

async function filled(store: SessionStore, count: number, bytes: number) {
  const ref = newRef()
  await store.commit(ref, { revision: 0, messages: messages(count, bytes) })
  return ref
}

function callsWith(what: string, bar: number, count: number, bytes: number): StoreCall[] {
  const make = (verb: string, prepare: StoreCall['prepare']) => ({ name: `${verb}: ${what}`, bar, prepare })
  return [
    make('commit', async (store) => {
      const change = { revision: 0, messages: messages(count, bytes) }
      return () => store.commit(newRef(), change)
    }),
    make('read', async (store) => {
      const ref = await filled(store, count, bytes)
      return () => store.read(ref, { tail: count })
    }),
    make('messages', async (store) => {
      const ref = await filled(store, count, bytes)
      return () => store.messages(ref, { limit: 1000 })
    }),
    make('amend', async (store) => {
      const ref = await filled(store, count, bytes)
      const amendments = messages(count, bytes, 'x').map(({ payload }, index) => ({
        seq: index + 1,
        payload,
      }))
      return () => store.amend(ref, amendments)
    }),
    make('restore', async (store) => {
      const copy = (await store.read(await filled(store, count, bytes), { tail: count }))!
      return () => store.restore(newRef(), copy)
    }),
    make('remove', async (store) => {
      const ref = await filled(store, count, bytes)
      return () => store.remove(ref)
    }),
  ]
}

/** What comes in pieces goes in pieces; one payload cannot. */
export const storeCalls: readonly StoreCall[] = [
  ...callsWith('3 MB in 30 messages', 20, 30, megabyte / 10),
  ...callsWith('3 MB in 3,000 messages', 20, 3000, megabyte / 1000),
  ...callsWith('a payload of 1 MB', 50, 1, megabyte),
]
