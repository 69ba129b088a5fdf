import type { Identity } from '../domain/identity.js'
import type { UserFact } from '../domain/user-fact.js'
import { SessionError } from '../errors.js'
import type { SessionInit } from '../service/create-session.js'
import type { OrdersOptions, PlacedOrder } from '../session/earlier-orders.js'
import type { Service } from '../service/service.js'
import type { TenantUser } from '../service/user-record.js'

const others = () => import('../later/others.js')

/** What `open` makes when there is no such session, and how it opens one. */
export interface OpenOptions extends SessionInit {
  /**
   * Contexts of this handle show what is remembered of the user, in a block of its own, where the user consents to
   * `memory` (default false).
   */
  remember?: boolean
}

/** What is remembered of the caller across sessions. */
export interface CallerMemory {
  /** All of it, oldest first, each with the session and the message that it was drawn from. */
  list(): Promise<readonly UserFact[]>
  /** Forgets a fact. @returns False when there is no such fact. */
  forget(factId: string): Promise<boolean>
  /** Forgets everything. @returns How many facts. */
  clear(): Promise<number>
  /**
   * The newest orders of the caller, the newest first, over all sessions that are kept: those of the 200 that were active
   * last. Needs no consent: nobody is told but the caller. @throws `invalid`
   */
  orders(options?: OrdersOptions): Promise<readonly PlacedOrder[]>
}

/** @throws `unauthenticated` from each call for a caller who is nobody */
export function memoryOfCaller(service: Service, { tenantId, userId }: Identity): CallerMemory {
  const user = (): TenantUser => {
    if (userId !== undefined) return { tenantId, userId }
    throw new SessionError('unauthenticated', 'Nothing is remembered of a user who is not signed in.')
  }
  const { work } = service
  return {
    list: async () => work.call(async () => (await others()).readMemory(service, user())),
    forget: async (factId) =>
      work.call(async () => {
        const { forgetInMemory } = await others()
        return (await forgetInMemory(service, user(), ({ id }) => id === factId)) > 0
      }),
    clear: async () => work.call(async () => (await others()).removeMemory(service, user())),
    orders: async (options) => work.call(async () => (await others()).ordersOf(service, user(), options)),
  }
}
