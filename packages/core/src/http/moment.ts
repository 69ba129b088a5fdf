import * as z from 'zod/mini'

/**
 * A moment in a query, in ISO 8601: in UTC, or with the offset of its zone; or a day, which begins in UTC. A time of no
 * zone is refused, for nobody knows whose it is.
 */
export const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

/** A moment of a query as epoch milliseconds; what is before 1970 is before everything that is stored. */
export const toMoment = (text: string): number => Math.max(0, Date.parse(text))
