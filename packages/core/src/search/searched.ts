import type { Role } from '../domain/message.js'
import type { SearchOptions } from '../domain/search.js'
import type { Identity } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { fromBase64Url, parseId, toBase64Url } from '../ids.js'
import { checkOptions } from '../options.js'
import { parseCount, parseText } from '../parse.js'
import { type ListSeal, openCursor, sealCursor } from '../service/list-cursor.js'
import { checkWhole, listScope } from '../service/list-scope.js'
import type { Service } from '../service/service.js'
import { searchWordsOf, type SearchWords } from './terms.js'

/** A search, after its checks. */
export interface Searched {
  readonly identity: Identity
  readonly tenantId: string
  /** Whose sessions (default: everybody's). */
  readonly userId?: string
  readonly words: SearchWords
  readonly roles: readonly Role[]
  /** Whether titles are searched, too. */
  readonly hasTitles: boolean
  readonly from: number
  readonly to: number
  readonly sessionId: string | undefined
  readonly order: 'new' | 'rank'
  readonly limit: number
}

const roles: readonly Role[] = ['system', 'user', 'assistant', 'tool']
const maxTextLength = 500

/** @returns Undefined for a caller who has no sessions, and for a text without a word. @throws `invalid` */
export function parseSearch(
  identity: Identity,
  given: SearchOptions,
  what: 'messages' | 'sessions',
): Searched | undefined {
  const options = given ?? ({} as SearchOptions)
  checkOptions<SearchOptions>(options, {
    text: 'text',
    roles: 'list',
    from: 'number',
    to: 'number',
    sessionId: 'text',
    userId: 'text',
    order: ['new', 'rank'],
    limit: 'number',
    cursor: 'text',
  })
  const { from = 0, to = Number.MAX_SAFE_INTEGER, order = 'new', limit = 20, sessionId } = options
  const text = parseText((options as Partial<SearchOptions> | undefined)?.text, 'text')
  if (text.length > maxTextLength)
    throw new SessionError('invalid', `text is longer than ${maxTextLength} characters`, { path: 'text' })
  parseCount(from, 'from')
  parseCount(to, 'to')
  if (from >= to) throw new SessionError('invalid', 'to must be after from', { path: 'to' })
  checkWhole(limit, 'limit', 100)
  if (sessionId !== undefined) parseId(sessionId, 'sessionId')
  const wanted = options.roles ?? ['user', 'assistant']
  for (const [index, role] of wanted.entries()) {
    if (roles.includes(role)) continue
    const path = `roles[${index}]`
    throw new SessionError('invalid', `${path} must be one of ${roles.join(', ')}`, { path })
  }
  const { userId } = options
  const scope = listScope(identity, userId === undefined ? {} : { userId })
  const words = searchWordsOf(text)
  if (scope === undefined || words.words.length === 0) return undefined
  // A title is said by nobody.
  const hasTitles = what === 'sessions' && options.roles === undefined
  return { ...scope, identity, words, roles: wanted, hasTitles, from, to, sessionId, order, limit }
}

/** Where a search goes on: JSON, in a text that its caller cannot change. */
export async function toSearchCursor(
  service: Service,
  kind: string,
  searched: Searched,
  place: unknown,
): Promise<string> {
  const text = toBase64Url(new TextEncoder().encode(JSON.stringify(place)))
  return sealCursor(service, sealedBy(kind, searched), text)
}

/** @throws `invalid` for a cursor that was not made for this search. */
export async function parseSearchCursor(
  service: Service,
  kind: string,
  searched: Searched,
  cursor: string,
): Promise<unknown> {
  const text = await openCursor(service, sealedBy(kind, searched), cursor)
  return JSON.parse(new TextDecoder().decode(fromBase64Url(text))) as unknown
}

function sealedBy(kind: string, searched: Searched): ListSeal {
  const { tenantId, userId, words, roles: of, hasTitles, from, to, sessionId, order } = searched
  const asked = [kind, tenantId, userId ?? null, words, of, hasTitles, from, to, sessionId ?? null, order]
  return ['search cursor', JSON.stringify(asked)]
}
