import { recordKindOf, type SessionRef } from '../contract/session-record.js'
import type { SessionStore } from '../contract/session-store.js'
import { isEncrypting } from '../contract/stores-beneath.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import type { SessionsOptions } from '../service/settings.js'

const records = () => import('../later/records.js')

/** What stands between a service with an index and its store; undefined without an index. @throws `invalid` */
export function searchFeedOf({ search, store }: SessionsOptions): SearchFeed | undefined {
  if (search?.index === undefined) return undefined
  if (search.terms === undefined && isEncrypting(store)) {
    const message =
      'search.terms is missing: the store is encrypted, and its words would be readable in the index'
    throw new SessionError('invalid', message, { path: 'search.terms' })
  }
  return new SearchFeed()
}

/** Has the store of a service tell the index: see `toldStore`, which is loaded with the first write. */
export class SearchFeed {
  #service: Service | undefined
  #told: Writes | undefined

  /** Nothing is told before there is a service. */
  of(service: Service): void {
    this.#service = service
  }

  over(store: SessionStore): SessionStore {
    const writesTo = async ({ tenantId }: SessionRef): Promise<Writes> =>
      recordKindOf(tenantId) === '' && this.#service !== undefined ? this.#load(store, this.#service) : store
    return {
      read: (ref, options) => store.read(ref, options),
      messages: (ref, query) => store.messages(ref, query),
      list: (query) => store.list(query),
      // The index asks after sessions whose deadline has come.
      sweep: (options) => store.sweep(options),
      commit: async (ref, change) => (await writesTo(ref)).commit(ref, change),
      amend: async (ref, amendments, guard) => (await writesTo(ref)).amend(ref, amendments, guard),
      trim: async (ref, throughSeq, guard) => (await writesTo(ref)).trim(ref, throughSeq, guard),
      remove: async (ref, guard) => (await writesTo(ref)).remove(ref, guard),
      restore: async (ref, copy) => (await writesTo(ref)).restore(ref, copy),
    }
  }

  async #load(store: SessionStore, service: Service): Promise<Writes> {
    if (this.#told === undefined) {
      const { searchOf, toldStore } = await records()
      this.#told = toldStore(store, searchOf(service)!)
    }
    return this.#told
  }
}

type Writes = Pick<SessionStore, 'commit' | 'amend' | 'trim' | 'remove' | 'restore'>
