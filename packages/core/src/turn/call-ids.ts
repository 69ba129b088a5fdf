interface Identified {
  readonly toolCallId: string
}

/**
 * Gives each call of a turn an id of its own, because some models count again in each step, and finds the call of each
 * result: the first result with an id belongs to the first open call with that id.
 */
export class CallIds {
  readonly #used = new Set<string>()
  /** By the model's id: calls without a result, the oldest first. */
  readonly #waiting = new Map<string, string[]>()

  call<Part extends Identified>(part: Part): Part {
    const { toolCallId: id } = part
    let unique = id
    for (let count = 2; this.#used.has(unique); count++) unique = `${id}-${count}`
    this.#used.add(unique)
    const waiting = this.#waiting.get(id) ?? []
    waiting.push(unique)
    this.#waiting.set(id, waiting)
    return unique === id ? part : { ...part, toolCallId: unique }
  }

  result<Part extends Identified>(part: Part): Part {
    const { toolCallId: id } = part
    // The tool's runner may use the call's own id, or the model's.
    for (const [known, waiting] of this.#waiting) {
      const at = waiting.indexOf(id)
      if (at === -1 || known === id) continue
      waiting.splice(at, 1)
      return part
    }
    const unique = this.#waiting.get(id)?.shift()
    return unique === undefined || unique === id ? part : { ...part, toolCallId: unique }
  }
}
