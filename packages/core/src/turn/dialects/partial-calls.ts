import type { JsonObject, JsonValue } from '../../json.js'
import { fromText } from '../../domain/part-dialects.js'
import { Held } from './held.js'

/** A piece of a call. */
export interface CallPiece {
  readonly id: string
  readonly name: string
  /** The next piece of its arguments, or all of them as an object. */
  readonly args: JsonValue | undefined
  /** Of a custom tool, whose input is a text. */
  readonly isText?: boolean
  /** Such as the signature of a thought, without which the provider refuses the call later. */
  readonly extras?: JsonObject
}

interface OpenCall {
  id: string
  name: string
  args: string
  readonly end: EndOfArgs
  isText: boolean
  isTold?: true
  readonly extras: Record<string, JsonValue>
}

/** Joins the pieces of calls that come by index. */
export class PartialCalls {
  readonly #held = new Held()
  #calls: OpenCall[] = []
  /** The newest of them by index: the next piece of its arguments belongs to it. */
  readonly #byIndex = new Map<JsonValue | undefined, OpenCall>()

  add(index: JsonValue | undefined, { id, name, args, isText = false, extras = {} }: CallPiece): void {
    this.#held.keep([id, name, args, extras])
    let open = this.#byIndex.get(index)
    if (open?.isTold === true && id === '' && name === '') return
    // Some providers give every call the index 0, each call whole.
    const isNext = id !== '' && name !== '' && id !== open?.id && open?.end.isReached === true
    const isOther = isNext || (open?.isTold === true && (id === '' || id !== open.id))
    if (open === undefined || isOther) {
      open = { id: '', name: '', args: '', end: new EndOfArgs(), isText: false, extras: {} }
      this.#calls.push(open)
      this.#byIndex.set(index, open)
    }
    if (open.id === '') open.id = id
    if (open.name === '') open.name = name
    // Some providers give the arguments as they are, instead of as JSON text.
    if (typeof args === 'string') {
      open.args += args
      open.end.read(args)
    } else if (args !== undefined && args !== null) {
      open.args = JSON.stringify(args)
      open.end.isReached = true
    }
    open.isText ||= isText
    Object.assign(open.extras, extras)
  }

  /** The calls whose arguments are complete, and that of an id, while others may go on. */
  whole(id?: JsonValue): JsonObject[] {
    const isOver = (call: OpenCall): boolean => call.end.isReached || call.id === id
    const calls = this.#calls.filter(isOver)
    for (const call of calls) call.isTold = true
    this.#calls = this.#calls.filter((call) => !isOver(call))
    // What comes in the place of a call that has its result is another call, whatever its id.
    for (const [index, call] of this.#byIndex) if (call.id === id) this.#byIndex.delete(index)
    return told(calls)
  }

  /** The calls so far, which are over now. */
  end(): JsonObject[] {
    const calls = this.#calls
    this.#calls = []
    this.#byIndex.clear()
    return told(calls)
  }
}

function told(calls: readonly OpenCall[]): JsonObject[] {
  return calls.map(({ id, name, args, isText, extras }) => ({
    ...extras,
    ...(isText ? { custom: true } : {}),
    type: 'tool-call',
    // Some providers give no ids.
    toolCallId: id === '' ? name : id,
    toolName: name,
    input: isText ? args : (fromText(args) ?? {}),
  }))
}

/** Finds the end of arguments, piece by piece: nothing can follow the end of a JSON object. */
class EndOfArgs {
  #depth = 0
  #isInText = false
  #isEscaped = false
  isReached = false

  read(args: string): void {
    for (const letter of args) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (this.#isInText && letter === '\\') this.#isEscaped = true
      else if (letter === '"') this.#isInText = !this.#isInText
      else if (this.#isInText) continue
      else if (letter === '{') this.#depth++
      else if (letter === '}') this.isReached = --this.#depth === 0
    }
  }
}
