import * as z from 'zod'
import type { Role } from '../../domain/message.js'
import { sessionView } from '../schemas.js'

const time = z.iso.datetime()
const id = z.string().min(1).max(200)
const roles = ['system', 'user', 'assistant', 'tool'] as const satisfies readonly Role[]

export const searchQuery = z.strictObject({
  /** The words that a message must all have. */
  q: z.string().min(1).max(500),
  /** Who has said it, separated by commas. */
  roles: z
    .string()
    .max(60)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(roles)))
    .optional(),
  from: time.optional(),
  to: time.optional(),
  sessionId: id.optional(),
  userId: id.optional(),
  order: z.enum(['new', 'rank']).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(2000).optional(),
})

const excerpt = z.strictObject({
  text: z.string(),
  /** Where in it the words are that were found: from, and to. */
  marks: z.array(z.tuple([z.int().min(0), z.int().min(0)])),
})

const found = z.strictObject({
  sessionId: z.string(),
  messageId: z.string(),
  seq: z.int().min(1),
  role: z.enum(roles),
  createdAt: time,
  excerpt,
})

const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    nextCursor: z.string().optional(),
    /** False when there may be more that this search does not find. */
    complete: z.boolean(),
  })

export const foundMessages = z.strictObject({ messages: pageOf(found) })
export const foundSessions = z.strictObject({
  sessions: pageOf(
    z.strictObject({
      session: sessionView,
      count: z.int().min(0),
      best: found.optional(),
      /** Its title, when that has all of the words. */
      title: excerpt.optional(),
    }),
  ),
})
