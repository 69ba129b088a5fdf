import { type CallerSessions, memoryStore, type Session, type Sessions } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { alice, elsewhere, service } from '../service.js'

export const phone = { sku: 'P', name: 'P', price: { amount: 1, currency: 'EUR' } }
export const said = (content: string) => ({ role: 'user' as const, content })

/** A session of three messages and a cart, and a process that calls the store to which it has been told. */
export interface Scene {
  readonly sessions: Sessions
  /** The same, where consent is asked for. */
  readonly asking: Sessions
  /** The same, where a record is kept, which has a lane already. */
  readonly audited: Sessions
  /** The same, where there is an experiment. */
  readonly trying: Sessions
  /** The same, where usage is kept. */
  readonly counting: Sessions
  /** The same, where carts are emptied after a year. */
  readonly retaining: Sessions
  readonly mine: CallerSessions
  /** A handle that has read the session just now. */
  readonly session: Session
}

export const settings = {
  credentialSecrets: ['a secret that both processes know, and nobody else'],
  transfers: { url: 'https://app.test/continue' },
  // Events of turns are stored at their end alone, however slow the machine is.
  turns: { flushMs: 60_000 },
}

/**
 * What a process calls its store for while `run` goes on.
 *
 * @param prepare What another process does before, which does not count.
 */
export async function callsOf<Prepared>(
  prepare: (source: Session, theirs: Sessions) => Prepared,
  run: (scene: Scene, prepared: Awaited<Prepared>) => unknown,
): Promise<string> {
  const store = memoryStore()
  const theirs = service({ store, ...settings })
  const source = await theirs.for(alice).create({ title: 'T', cart: [phone] })
  await source.append([said('one'), said('two'), said('three')])
  const prepared = await prepare(source, theirs)
  const counted = changingStore(store, () => undefined)
  const sessions = service({ store: counted.store, ...settings })
  const asking = service({ store: counted.store, ...settings, consent: {} })
  const retention = { cartMs: 365 * 24 * 3_600_000 }
  const retaining = service({ store: counted.store, ...settings, retention })
  const audited = service({
    store: counted.store,
    ...settings,
    audit: { secrets: ['a secret of the audit that is long enough'] },
  })
  const trying = service({
    store: counted.store,
    ...settings,
    experiments: { checkout: { arms: { a: 1 } } },
  })
  const counting = service({ store: counted.store, ...settings, usage: {} })
  await audited.audit.append({ tenantId: 'acme', action: 'begun', actor: alice })
  const mine = sessions.for(alice)
  // A process that has written something knows the time of its store.
  for (const one of [sessions, asking]) await one.for(elsewhere).create({ preferences: {} })
  const session = await mine.get(source.id)
  const before = counted.calls.length
  await run({ sessions, asking, audited, trying, counting, retaining, mine, session }, prepared)
  return counted.calls.slice(before).join(' ')
}

const lists = (count: number) => Array.from({ length: count }, () => 'list').join(' ')
// The record is marked, the session counted and removed, what is beside it removed; then two looks at sessions and each
// kind of record that names a user, a sweep, and the same looks again.
export const eraseCalls = [
  'commit commit read read commit',
  'list read read commit remove',
  lists(5 + 2 * 8),
  'read commit sweep',
  lists(2 * 8),
  'commit read read commit',
].join(' ')
