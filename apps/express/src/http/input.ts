import { type Money, SessionError } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import type { Request } from 'express'
import { z } from 'zod'
import { readPreferences } from '../assistant/preferences.js'
import { toMinorUnits } from '../money.js'

const messageId = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, {
  error: 'must be 1 to 128 letters, digits, dots, dashes or underscores',
})
const content = z.string().max(20_000)

export const querySchema = z.strictObject({
  q: z
    .string()
    .max(4000)
    .refine((text) => text.trim() !== '', { error: 'must say something' }),
  sessionId: z.string().min(1).optional(),
  message_id: messageId.optional(),
})

export const messagesSchema = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        id: messageId.optional(),
        role: z.enum(['user', 'assistant', 'system', 'tool']),
        content,
      }),
    )
    .min(1)
    .max(100),
})

const quantity = z.int().min(1).max(10_000)

// Whatever else an item has is kept with it.
export const cartItemSchema = z.looseObject({
  sku: z.string().min(1).max(200).optional(),
  name: z.string().min(1).max(500).optional(),
  category: z.string().min(1).max(100).optional(),
  price: z
    .union([z.number(), z.strictObject({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) })])
    .optional(),
  quantity: quantity.optional(),
  qty: quantity.optional(),
})

const short = z.string().min(1).max(100)
export const consentSchema = z.strictObject({
  purpose: z.literal('analytics'),
  granted: z.boolean(),
  version: short,
  source: short.default('shop'),
})
export const viewSchema = z.strictObject({ sku: z.string().min(1).max(200) })

export const quantitySchema = z.strictObject({ quantity })
export const emptySchema = z.strictObject({})

const isBudget = (text: string) => readPreferences({ budget_range: text }).budget !== undefined

// The keys of the guide must have the guide's types, or the assistant would not understand them. Other keys are free.
export const preferencesSchema = z.looseObject({
  budget_range: z
    .union([z.string().max(100), z.number().min(0), z.null()])
    .refine((budget) => typeof budget !== 'string' || budget.trim() === '' || isBudget(budget), {
      error: 'must be an amount, such as 500, or a range, such as 500-1000',
    })
    .optional(),
  preferred_brands: z
    .union([
      z
        .array(z.string().max(100, { error: 'must have 100 characters at most' }))
        .max(50, { error: 'must be 50 at most' }),
      z.string().max(500),
      z.null(),
    ])
    .optional(),
})

/**
 * The body as `schema` returns it; no body counts as an empty one. @throws `invalid` with the path of the first error.
 */
export function readBody<T>(req: Request, schema: z.ZodType<T>): T {
  return parseWith(schema, req.body ?? {}, '')
}

/** A number in the query string. @throws `invalid` when it is no number, or not in its range. */
export function readNumber(
  req: Request,
  name: string,
  { min, max, otherwise }: { min: number; max: number; otherwise: number },
): number {
  const text: unknown = req.query[name]
  if (text === undefined) return otherwise
  const value = typeof text === 'string' && /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
  throw new SessionError('invalid', `${name} must be a whole number ${range}`, { path: name })
}

/** A text in the query string; undefined when it is absent. @throws `invalid` when it comes twice. */
export function readText(req: Request, name: string): string | undefined {
  const value: unknown = req.query[name]
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string' && value.length <= 500) return value
  throw new SessionError('invalid', `${name} must be one text of at most 500 characters`, { path: name })
}

/** A price in a client's format: 19.99 dollars, or minor units with their currency. @throws `invalid` */
export function toMoney(price: number | Money): Money {
  if (typeof price !== 'number') return price
  const amount = toMinorUnits(price)
  if (amount !== undefined) return { amount, currency: 'USD' }
  throw new SessionError('invalid', 'price: must be 0 or more, with at most two decimals', { path: 'price' })
}
