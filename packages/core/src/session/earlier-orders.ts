import type { Order } from '../domain/cart.js'
import { decodeBody } from '../domain/session-body.js'
import type { SessionRef } from '../contract/session-record.js'
import { isUnreadable, SessionError } from '../errors.js'
import { checkOptions } from '../options.js'
import { allowing } from '../service/consent.js'
import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import type { TenantUser } from '../service/user-record.js'

/** An order, and the session in which it was placed. */
export interface PlacedOrder extends Order {
  /** Where it was placed. */
  readonly sessionId: string
}

/** How many orders to look for. */
export interface OrdersOptions {
  /** How many items of the list at most, 1 to 100 (default 20). */
  limit?: number
}

// So many sessions are looked at, the last active first, and so many of them read at once.
const mostSessions = 200
const together = 20

/** The newest orders of a user, the newest first: those of the 200 sessions that were active last. @throws `invalid` */
export async function ordersOf(
  { store }: Pick<Service, 'store'>,
  user: TenantUser,
  options: OrdersOptions = {},
  isWanted: (sessionId: string) => boolean = () => true,
): Promise<readonly PlacedOrder[]> {
  checkOptions<OrdersOptions>(options, { limit: 'number' })
  const { limit = 20 } = options
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new SessionError('invalid', 'limit must be a whole number from 1 to 100', { path: 'limit' })
  let found: PlacedOrder[] = []
  let cursor: string | undefined
  for (let seen = 0; seen < mostSessions; seen += together) {
    const query = { ...user, limit: together }
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    const items = page.items.filter(({ id }) => isWanted(id))
    const read = await Promise.all(items.map(async (item) => ordersIn(store, item)))
    found = [...found, ...read.flat()].toSorted((one, other) => other.placedAt - one.placedAt).slice(0, limit)
    cursor = page.cursor
    if (cursor === undefined) break
  }
  return found
}

/** The orders of the user in other sessions. Without consent to `memory` there are none. @throws `invalid` */
export async function earlierOrders(
  live: LiveSession,
  options?: OrdersOptions,
): Promise<readonly PlacedOrder[]> {
  const { service, record } = live
  const { tenantId, userId } = record
  if (userId === undefined) return []
  const allows = await allowing(live, 'memory')
  if (!allows((await live.load()).body)) return []
  return ordersOf(service, { tenantId, userId }, options, (id) => id !== record.id)
}

async function ordersIn(store: Service['store'], ref: SessionRef): Promise<readonly PlacedOrder[]> {
  try {
    const stored = await store.read(ref)
    if (stored === undefined) return []
    return decodeBody(stored.body).orders.map((order) => ({ ...order, sessionId: ref.id }))
  } catch (error) {
    // One session that nobody can read must not hide what was bought in others.
    if (isUnreadable(error)) return []
    throw error
  }
}
