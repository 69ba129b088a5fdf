import * as z from 'zod/mini'
import type { JsonObject } from '../json.js'

/** The JSON Schema of a request or an answer. */
export function toJsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): JsonObject {
  // JSON Schema cannot express a few wider inputs, such as a number written as text in a query.
  const { $schema: _, ...own } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
  }) as unknown as JsonObject
  // Client generators cannot use references within one schema. A mistake in this package, told when the process starts.
  if (own['$defs'] !== undefined) throw new Error('A schema refers to itself.')
  return own
}
