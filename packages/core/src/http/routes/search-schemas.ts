import * as z from 'zod/mini'
import type { Role } from '../../domain/message.js'
import { moment } from '../moment.js'
import { sessionView } from '../schemas.js'

const time = z.iso.datetime()
const id = z.string().check(z.minLength(1), z.maxLength(200))
const roles = ['system', 'user', 'assistant', 'tool'] as const satisfies readonly Role[]

export const searchQuery = z.strictObject({
  /** The words that a message must all have. */
  q: z.string().check(z.minLength(1), z.maxLength(500)),
  /** Who has said it, separated by commas. */
  roles: z.optional(
    z.pipe(
      z.pipe(
        z.string().check(z.maxLength(60)),
        z.transform((text) => text.split(',')),
      ),
      z.array(z.enum(roles)),
    ),
  ),
  from: z.optional(moment),
  to: z.optional(moment),
  sessionId: z.optional(id),
  userId: z.optional(id),
  order: z.optional(z.enum(['new', 'rank'])),
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 20),
  cursor: z.optional(z.string().check(z.maxLength(2000))),
})

const excerpt = z.strictObject({
  text: z.string(),
  /** Where in it the words are that were found: from, and to. */
  marks: z.array(z.tuple([z.int().check(z.minimum(0)), z.int().check(z.minimum(0))])),
})

const found = z.strictObject({
  sessionId: z.string(),
  messageId: z.string(),
  seq: z.int().check(z.minimum(1)),
  role: z.enum(roles),
  createdAt: time,
  excerpt,
})

const pageOf = <Item extends z.core.$ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    nextCursor: z.optional(z.string()),
    /** False when there may be more that this search does not find. */
    complete: z.boolean(),
  })

export const foundMessages = z.strictObject({ messages: pageOf(found) })
export const foundSessions = z.strictObject({
  sessions: pageOf(
    z.strictObject({
      session: sessionView,
      count: z.int().check(z.minimum(0)),
      best: z.optional(found),
      /** Its title, when that has all of the words. */
      title: z.optional(excerpt),
    }),
  ),
})
