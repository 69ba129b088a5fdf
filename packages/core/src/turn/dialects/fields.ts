import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'

/** An error that a model reported; for logs. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure'
}

/** The text in a field; undefined when there is none. */
export function textIn(object: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name]
    if (typeof value === 'string') return value
  }
  return undefined
}

/** The object in a field; an empty one when there is none. */
export function objectIn(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isJsonObject(value) ? value : {}
}

/** The objects of the list in a field. */
export function objectsIn(object: JsonObject, name: string): JsonObject[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter((item: JsonValue) => isJsonObject(item)) : []
}
