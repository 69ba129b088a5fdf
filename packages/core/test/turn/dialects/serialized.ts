/** As the classes of LangChain serialize. */
export class Serialized {
  readonly #name: string
  readonly #kwargs: object
  constructor(name: string, kwargs: object) {
    this.#name = name
    this.#kwargs = kwargs
  }
  toJSON() {
    const id = ['langchain_core', 'messages', this.#name]
    return { lc: 1, type: 'constructor', id, kwargs: this.#kwargs }
  }
}
export const chunk = (kwargs: object, id = 'run') =>
  new Serialized('AIMessageChunk', { content: '', id, ...kwargs })
export const piece = (args: string, more: object = {}) => ({
  tool_call_chunks: [{ index: 0, args, type: 'tool_call_chunk', ...more }],
  // What can be read of the arguments so far.
  tool_calls: [{ name: '', args: {}, type: 'tool_call' }],
})
