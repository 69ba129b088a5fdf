import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'

/** An error that a model reported; for logs. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure'
}

/** Whether it is one; whatever code of the application throws, such as a proxy that was revoked. */
export function isModelFailure(thrown: unknown): thrown is ModelFailure {
  try {
    return thrown instanceof ModelFailure
  } catch {
    return false
  }
}

/** Reads the events of one provider, or its whole answers. */
export interface DialectReader {
  /** A stream has begun, and its provider has not said yet that it has ended. */
  readonly isOpen: boolean
  /** The parts in an event; undefined for an event of another provider. */
  read(event: JsonObject): readonly JsonObject[] | undefined
  /** The remaining parts after the answer has ended. */
  end(): readonly JsonObject[]
  /** What was used so far and is not told yet, also of an answer that broke off. */
  used(): readonly JsonObject[]
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
export function objectIn(object: JsonObject, ...names: readonly string[]): JsonObject {
  for (const name of names) {
    const value = object[name]
    if (isJsonObject(value)) return value
  }
  return {}
}

/** The objects of the list in a field. */
export function objectsIn(object: JsonObject, ...names: readonly string[]): JsonObject[] {
  for (const name of names) {
    const value = object[name]
    if (Array.isArray(value)) return value.filter((item: JsonValue) => isJsonObject(item))
  }
  return []
}

/** Whether an object has any field. */
export function isSomething(object: JsonObject): boolean {
  return Object.keys(object).length > 0
}

/** A part with a text, or none for an empty text. */
export function saying(type: 'text' | 'reasoning', text: string | undefined): JsonObject[] {
  return text === undefined || text === '' ? [] : [{ type, text }]
}

/** The name of a model, if a provider says it. */
export function modelIn(object: JsonObject, ...names: readonly string[]): JsonObject {
  const model = textIn(object, ...names)
  return model === undefined ? {} : { model }
}

/** What an answer cites, each once: some providers tell all of it again with each piece. */
export class Sources {
  readonly #told = new Set<string>()

  /** The parts of those that are new. */
  parts(cited: readonly JsonObject[]): JsonObject[] {
    return cited.flatMap((source) => {
      const told = JSON.stringify(source)
      if (!isSomething(source) || this.#told.has(told)) return []
      this.#told.add(told)
      return [{ ...source, type: 'source' }]
    })
  }
}
