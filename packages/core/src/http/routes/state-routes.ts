import type { JsonObject } from '../../json.js'
import { toIso } from '../../time.js'
import { etagOf } from '../etag.js'
import { mapInSlices } from '../../async/slices.js'
import { type Route, route } from '../route.js'
import * as schemas from '../schemas.js'
import { withheld } from '../views.js'

export const stateRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions/{id}/state',
    operation: 'getState',
    summary: 'Shows the state',
    response: schemas.stateReply,
    async handle({ session: find }) {
      const session = await find()
      const { record, state } = await session.read()
      return { body: { sessionId: session.id, state }, headers: { ETag: etagOf(record) } }
    },
  }),
  route({
    method: 'PUT',
    path: '/sessions/{id}/state',
    operation: 'replaceState',
    summary: 'Replaces the state',
    body: schemas.jsonObject,
    response: schemas.stateReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      const state = await session.state.update(() => body as JsonObject, change)
      return { body: { sessionId: session.id, state }, headers: { ETag: etagOf(session.record) } }
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}/state',
    operation: 'mergeState',
    summary: 'Merges a patch into the state as RFC 7396 says: null removes a key',
    body: schemas.jsonObject,
    response: schemas.stateReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      const state = await session.state.merge(body as JsonObject, change)
      return { body: { sessionId: session.id, state }, headers: { ETag: etagOf(session.record) } }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/preferences',
    operation: 'getPreferences',
    summary: 'Shows the preferences',
    response: schemas.preferencesReply,
    async handle({ session: find }) {
      const session = await find()
      const { record, preferences } = await session.read()
      return { body: { sessionId: session.id, preferences }, headers: { ETag: etagOf(record) } }
    },
  }),
  route({
    method: 'PATCH',
    path: '/sessions/{id}/preferences',
    operation: 'mergePreferences',
    summary: 'Merges a patch into the preferences as RFC 7396 says: null forgets a key',
    body: schemas.jsonObject,
    response: schemas.preferencesReply,
    async handle({ session: find, body, change }) {
      const session = await find()
      const preferences = await session.preferences.merge(body as JsonObject, change)
      return { body: { sessionId: session.id, preferences }, headers: { ETag: etagOf(session.record) } }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/context',
    operation: 'getContext',
    summary: 'What the model would see now, and the tokens of each part',
    query: schemas.contextQuery,
    response: schemas.contextReply,
    async handle({ session: find, query: { maxTokens, query, phase, include }, api }) {
      const session = await find()
      const { messages, tokens, report } = await session.context({
        maxTokens,
        remember: false,
        ...(query === undefined ? {} : { query }),
        ...(phase === undefined ? {} : { phase }),
        ...(include === undefined ? {} : { include }),
      })
      const shown = api.exposeToolResults
        ? messages
        : await mapInSlices(messages, (message) => {
            const { content } = message
            if (typeof content === 'string') return message
            const parts = content.map((part) =>
              part.type === 'tool-result' ? { ...part, output: withheld } : part,
            )
            return { ...message, content: parts }
          })
      return {
        body: { sessionId: session.id, context: { messages: shown, tokens, report } },
        headers: { ETag: etagOf(session.record) },
      }
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/{id}/info',
    operation: 'getInfo',
    summary: 'Counts, durations, topics and cart behaviour; asking changes nothing',
    response: schemas.infoReply,
    async handle({ session: find }) {
      const session = await find()
      const { createdAt, updatedAt, expiresAt, ...info } = await session.info()
      return {
        headers: { ETag: etagOf(session.record) },
        body: {
          info: {
            ...info,
            createdAt: toIso(createdAt),
            updatedAt: toIso(updatedAt),
            ...(expiresAt === undefined ? {} : { expiresAt: toIso(expiresAt) }),
          },
        },
      }
    },
  }),
]
