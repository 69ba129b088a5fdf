import { z } from 'zod'
import type { JsonObject, JsonValue } from '../json.js'

// As zod writes it, `z.json()` refers to itself, within the schema that it stands in. A document of many schemas has no
// such place, and generators of clients make nothing of it: that it is any JSON says as much.
const anyJson: JsonObject = { description: 'Any JSON.' }
const [recursiveJson] = Object.values(toPlainSchema(z.strictObject({ any: z.json() }), 'output').$defs)

/** The JSON Schema of what is sent or of what is answered, which refers to nothing beside itself. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { own, $defs } = toPlainSchema(schema, io)
  const names = Object.entries($defs).map(([name, definition]) => {
    // A mistake of ours, and told at the start.
    if (shapeOf(definition) !== shapeOf(recursiveJson!)) throw new Error(`${name} refers to itself`)
    return `#/$defs/${name}`
  })
  return withoutReferences(own, new Set(names)) as JsonObject
}

function toPlainSchema(schema: z.ZodType, io: 'input' | 'output') {
  // A few inputs are wider than JSON Schema can say, such as a number spelled as text in a query.
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
