import fc from 'fast-check'
import { content } from './parts.js'
import { finite, json, jsonObject, mostly, text } from './values.js'

/** The part of JSON Schema that the description of the API is written in. */
export interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
}

/** Values that a schema takes, mostly: around its bounds, and now and then anything else. */
export function fromSchema(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  return mostly(meant(schema, name), json, 12)
}

function meant(schema: Schema, name: string): fc.Arbitrary<unknown> {
  // What SDKs write as content is more than a schema knows.
  if (name === 'content') return content
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map((each) => meant(each, name)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if ('const' in schema) return fc.constant(schema.const)
  switch (schema.type) {
    case 'string':
      return texts(schema)
    case 'integer':
    case 'number':
      return numbers(schema)
    case 'boolean':
      return fc.boolean()
    case 'array':
      return lists(schema, name)
    case 'object':
      return objects(schema)
    default:
      return json
  }
}

function texts({ pattern }: Schema): fc.Arbitrary<unknown> {
  if (pattern === undefined) return text
  return fc.oneof(fc.stringMatching(new RegExp(pattern)), text)
}

function numbers({ minimum = -2, maximum = 20 }: Schema): fc.Arbitrary<unknown> {
  const edges = [minimum - 1, minimum, minimum + 1, maximum - 1, maximum, maximum + 1]
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.integer({ min: Math.max(minimum, 0), max: Math.min(maximum, Math.max(minimum, 0) + 12) }),
    },
    { weight: 1, arbitrary: fc.constantFrom(...edges) },
    { weight: 1, arbitrary: finite },
  )
}

function lists({ items = {}, minItems = 0, maxItems }: Schema, name: string): fc.Arbitrary<unknown> {
  const item = fromSchema(items, name)
  const small = fc.array(item, { minLength: Math.min(minItems, 2), maxLength: 4 })
  if (maxItems === undefined) return small
  const crowd = fc
    .tuple(item, fc.constantFrom(maxItems, maxItems + 1))
    .map(([each, length]) => Array.from({ length }, () => each))
  return fc.oneof({ weight: 20, arbitrary: small }, { weight: 1, arbitrary: crowd })
}

function objects({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  if (Object.keys(properties).length === 0) return jsonObject
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, fromSchema(each, name)])),
    { requiredKeys: [...required] },
  )
  const more = fc.tuple(known, jsonObject).map(([some, others]) => ({ ...some, ...others }))
  return fc.oneof(
    { weight: additionalProperties === false ? 16 : 6, arbitrary: known },
    { weight: 1, arbitrary: more },
  )
}
