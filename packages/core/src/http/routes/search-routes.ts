import type { z } from 'zod/mini'
import type { FoundMessage, SearchOptions, SearchPage } from '../../domain/search.js'
import { toIso } from '../../time.js'
import { type Route, route } from '../route.js'
import { toMoment } from '../moment.js'
import { sessionView } from '../views.js'
import * as schemas from './search-schemas.js'

/** What callers find in their own sessions, and admins in those of their tenant. */
export const searchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/search/messages',
    operation: 'searchMessages',
    summary: "Messages of the caller's sessions that have all words of a text",
    query: schemas.searchQuery,
    response: schemas.foundMessages,
    async handle({ mine, query }) {
      const page = await mine.search(toOptions(query))
      return { body: { messages: pageView(page, foundView) } }
    },
  }),
  route({
    method: 'GET',
    path: '/search/sessions',
    operation: 'searchSessions',
    summary: "The caller's sessions that have such messages, or such a title",
    query: schemas.searchQuery,
    response: schemas.foundSessions,
    async handle({ mine, query }) {
      const page = await mine.searchSessions(toOptions(query))
      const view = ({ session, count, best, title }: (typeof page.items)[number]) => ({
        session: sessionView(session),
        count,
        ...(best === undefined ? {} : { best: foundView(best) }),
        ...(title === undefined ? {} : { title }),
      })
      return { body: { sessions: pageView(page, view) } }
    },
  }),
]

function toOptions({ q, from, to, ...others }: z.output<typeof schemas.searchQuery>): SearchOptions {
  const given = Object.entries(others).filter(([, value]) => value !== undefined)
  return {
    text: q,
    ...(from === undefined ? {} : { from: toMoment(from) }),
    ...(to === undefined ? {} : { to: toMoment(to) }),
    ...Object.fromEntries(given),
  }
}

function pageView<Found, View>({ items, cursor, complete }: SearchPage<Found>, view: (found: Found) => View) {
  return { items: items.map(view), ...(cursor === undefined ? {} : { nextCursor: cursor }), complete }
}

const foundView = ({ at, ...found }: FoundMessage) => ({ ...found, createdAt: toIso(at) })
