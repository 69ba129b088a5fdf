import { z } from 'zod'
import type { JsonObject, JsonValue } from '../json.js'

// zod writes `z.json()` as a reference to itself within its own schema. A document of many schemas has no such place,
// and client generators cannot use it: a schema for any JSON says the same.
const anyJson: JsonObject = { description: 'Any JSON.' }
const [recursiveJson] = Object.values(toPlainSchema(z.strictObject({ any: z.json() }), 'output').$defs)

/** The JSON Schema of a request or an answer, without references to other schemas. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { own, $defs } = toPlainSchema(schema, io)
  const names = Object.entries($defs).map(([name, definition]) => {
    // A mistake in this package, reported when the process starts.
    if (shapeOf(definition) !== shapeOf(recursiveJson!)) throw new Error(`${name} refers to itself`)
    return `#/$defs/${name}`
  })
  return withoutReferences(own, new Set(names)) as JsonObject
}

function toPlainSchema(schema: z.ZodType, io: 'input' | 'output') {
  // JSON Schema cannot express a few wider inputs, such as a number written as text in a query.
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as unknown as JsonObject
  const { $schema: _, $defs = {}, ...own } = made
  return { own, $defs: $defs as Record<string, JsonObject> }
}

function shapeOf(definition: JsonObject): string {
  return JSON.stringify(definition).replaceAll(/#\/\$defs\/\w+/g, '#')
}

function withoutReferences(value: JsonValue, names: ReadonlySet<string>): JsonValue {
  if (Array.isArray(value)) return value.map((each: JsonValue) => withoutReferences(each, names))
  if (typeof value !== 'object' || value === null) return value
  const { $ref } = value as JsonObject
  if (typeof $ref === 'string' && names.has($ref)) return anyJson
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, each]) => [name, withoutReferences(each, names)]),
  )
}
