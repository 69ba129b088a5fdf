import { memoryStore } from '@sessions/core'
import type {
  SessionBus,
  SessionCache,
  SessionNotice,
  SessionStore,
  StoredSession,
} from '@sessions/core/store'
import { tieredStore } from '../src/index.js'
import { gatedStore } from './gated-store.js'

export const ref = { tenantId: 'acme', id: 's' }
export const own = { tenantId: '~turns:acme', id: 's' }
export const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })
export const old = 3_600_000
export const turns = async () => new Promise<void>((resolve) => void setImmediate(resolve))

/** A tiered store, with what it asks of its store, its bus and its cache. */
export async function scene({
  hasBus = true,
  hasWarm = false,
  change = (store: SessionStore) => store,
} = {}) {
  const last = memoryStore()
  const gated = gatedStore(change(last))
  const sent: SessionNotice[] = []
  let listener: Parameters<SessionBus['subscribe']>[1] | undefined
  const stopped: unknown[] = []
  const bus = {
    publish: (notices: readonly SessionNotice[]) => void sent.push(...notices),
    subscribe: async (_: unknown, given: typeof listener) => {
      listener = given
      return async () => void stopped.push('stopped')
    },
  } as unknown as SessionBus
  const cache = {
    copy: undefined as { stored: StoredSession; ageMs: number } | undefined,
    permit: 'read' as string | undefined,
  }
  const asked: (string | undefined)[][] = []
  const warm: SessionCache = {
    ttlMs: 60_000,
    find: async () => (asked.push(['find']), { ...cache } as never),
    begin: async () => (asked.push(['begin']), 'write'),
    keep: async (_, permit, stored) => void asked.push(['keep', permit, stored.body]),
    end: async (_, permit, stored) => void asked.push(['end', permit, stored?.body]),
  }
  const options = { hot: { maxBytes: 1024 * 1024 }, ...(hasBus ? { bus } : {}), ...(hasWarm ? { warm } : {}) }
  const store = tieredStore(gated.store, options)
  await last.commit(ref, {
    revision: 0,
    incarnation: 'i',
    body: 'one',
    messages: [message('m1'), message('m2')],
  })
  /** Replaces the body, as whoever reads the store would. */
  const rewrite = async (by: SessionStore, body: string, more: object = {}) =>
    by.commit(ref, { ...more, body, revision: (await last.read(ref))!.record.revision })
  /** Takes what was asked since the last time. */
  const calls = () => {
    const all = [
      ...gated.calls(),
      ...asked.splice(0).map((call) => call.filter((each) => each !== undefined).join(' ')),
    ]
    return all
  }
  const notices = () => sent.splice(0).map(({ kind, changes, id }) => [id, kind, changes])
  const hear = (notice: object) => listener!.notices([{ ...ref, ...notice } as SessionNotice])
  const bodyOf = async (maxAgeMs = old) => (await store.read(ref, { maxAgeMs }))?.body
  return {
    last,
    gated,
    store,
    calls,
    notices,
    hear,
    listener: () => listener!,
    bodyOf,
    rewrite,
    cache,
    stopped,
  }
}
