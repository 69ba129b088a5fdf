interface Identified {
  readonly toolCallId: string
}

/**
 * Gives each call of a turn an id of its own, because some models count again in each step, and finds the call of each
 * result: the first result with an id belongs to the first open call with that id.
 */
export class CallIds {
  readonly #used = new Set<string>()
  /** By the model's id: the number that the next call with it tries first. */
  readonly #counts = new Map<string, number>()
  /** By the model's id: calls without a result, the oldest first. */
  readonly #waiting = new Map<string, Set<string>>()
  /** By the model's id: the newest call with it. */
  readonly #newest = new Map<string, string>()
  /** By the call's own id, where it is another one: the model's. */
  readonly #renamed = new Map<string, string>()

  call<Part extends Identified>(part: Part): Part {
    const { toolCallId: id } = part
    let count = this.#counts.get(id) ?? 2
    let unique = id
    for (; this.#used.has(unique); count++) unique = `${id}-${count}`
    this.#counts.set(id, count)
    this.#used.add(unique)
    this.#newest.set(id, unique)
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting.add(unique))
    if (unique === id) return part
    this.#renamed.set(unique, id)
    return { ...part, toolCallId: unique }
  }

  /** What is said of a call, such as a question to a person, by its own id or the model's. */
  about<Part extends Identified>(part: Part): Part {
    const { toolCallId: id } = part
    const newest = this.#renamed.has(id) ? id : (this.#newest.get(id) ?? id)
    return newest === id ? part : { ...part, toolCallId: newest }
  }

  result<Part extends Identified>(part: Part): Part {
    const { toolCallId: id } = part
    // The tool's runner may use the call's own id, or the model's.
    const known = this.#renamed.get(id)
    if (known !== undefined && this.#waiting.get(known)?.delete(id) === true) return part
    const waiting = this.#waiting.get(id)
    const [unique] = waiting ?? []
    if (unique === undefined) return part
    waiting!.delete(unique)
    return unique === id ? part : { ...part, toolCallId: unique }
  }
}
