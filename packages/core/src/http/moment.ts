import * as z from 'zod/mini'

/**
 * A moment in a query, in ISO 8601: in UTC, or with the offset of its zone; or a day, which begins in UTC. A time of no
 * zone is refused, for nobody knows whose it is.
 */
export const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()])
