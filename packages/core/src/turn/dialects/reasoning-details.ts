import type { JsonObject, JsonValue } from '../../json.js'
import { Held } from './held.js'

// Their pieces follow each other; of all other fields the last one counts.
const texts: readonly string[] = ['text', 'summary']

/** Joins the pieces of `reasoning_details`, with which OpenRouter gives the thoughts of any model, signatures included. */
export class ReasoningDetails {
  readonly #held = new Held()
  readonly #details = new Map<string, Record<string, JsonValue>>()
  #id: JsonObject = {}

  /** @returns The fields that join the thoughts of this completion to what `end` gives. */
  add(details: readonly JsonObject[], completion: string | undefined): JsonObject {
    for (const detail of this.#held.keep(details)) {
      // What is sealed comes whole, and may come twice.
      const { type, data, index = this.#details.size } = detail
      const key = JSON.stringify([type, data ?? index])
      const joined = this.#details.get(key) ?? {}
      for (const [name, value] of Object.entries(detail)) {
        const said = joined[name]
        const isPiece = texts.includes(name) && typeof said === 'string' && typeof value === 'string'
        if (isPiece) joined[name] = said + value
        else if (value !== null || said === undefined) joined[name] = value
      }
      this.#details.set(key, joined)
    }
    if (details.length > 0 && completion !== undefined) this.#id = { id: completion }
    return this.#id
  }

  /** The part that has all of them, in their order. */
  end(): JsonObject[] {
    const id = this.#id
    const details = [...this.#details.values()]
    this.#details.clear()
    this.#id = {}
    return details.length === 0 ? [] : [{ type: 'reasoning', ...id, text: '', reasoning_details: details }]
  }
}
