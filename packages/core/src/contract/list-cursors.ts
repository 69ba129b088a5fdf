import { SessionError } from '../errors.js'
import { fromBase64Url, toBase64Url } from '../ids.js'
import type { ListPlace } from './session-store.js'

/** The cursors of one store. */
export interface ListCursors {
  /** The cursor of the page that begins after a place. */
  readonly toCursor: (place: ListPlace) => string
  /** The place a cursor was made for. @throws `invalid` for a text that is no cursor of this store. */
  readonly parseCursor: (cursor: string) => ListPlace
}

/**
 * For a store: makes its list cursors, and knows them again.
 *
 * @param mark Tells the cursors of this store from those of others. Change it when places come to mean something else.
 */
export function createListCursors(mark: string): ListCursors {
  // An id is any text, and UTF-8 cannot hold every text. JSON writes the rest as escapes.
  const toCursor = ({ activeAt, id }: ListPlace): string =>
    toBase64Url(new TextEncoder().encode(JSON.stringify([mark, activeAt, id])))
  return {
    toCursor,
    parseCursor(cursor) {
      const place = parsePlace(cursor)
      // The cursor of a place has one spelling. This store has not made any other text that leads to the same place.
      if (place !== undefined && toCursor(place) === cursor) return place
      throw new SessionError('invalid', 'cursor is not one of this store', { path: 'cursor' })
    },
  }
}

function parsePlace(cursor: string): ListPlace | undefined {
  const bytes = fromBase64Url(cursor)
  if (bytes === undefined) return undefined
  try {
    const [, activeAt, id] = JSON.parse(new TextDecoder().decode(bytes)) as unknown[]
    return Number.isSafeInteger(activeAt) && typeof id === 'string'
      ? { activeAt: activeAt as number, id }
      : undefined
  } catch {
    return undefined
  }
}
