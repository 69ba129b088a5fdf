import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js'
import { objectIn, objectsIn, textIn } from './fields.js'
import { Held } from './held.js'

interface Fields {
  [key: string]: JsonValue | Node
}
type Node = Fields | (JsonValue | Node)[]
type Joined = Record<string, JsonValue>

const maxDepth = 30

/** Joins the calls of Gemini whose arguments come one by one, each with its place: `streamFunctionCallArguments`. */
export class StreamedArgs {
  readonly #held = new Held()
  #open: { readonly part: Joined; readonly call: Joined; readonly args: Node } | undefined

  /** The parts of a chunk; a call is among them when it is complete. */
  read(parts: readonly JsonObject[]): JsonObject[] {
    return parts.flatMap((part) => {
      const { functionCall, ...extras } = part
      if (!isJsonObject(functionCall)) return [part]
      const { willContinue, partialArgs: _, ...told } = functionCall
      const open = this.#open ?? { part: {}, call: {}, args: { ...objectIn(functionCall, 'args') } }
      if (this.#open === undefined && willContinue !== true) return [part]
      this.#held.keep(part)
      for (const arg of objectsIn(functionCall, 'partialArgs')) put(open.args, arg)
      Object.assign(open.part, extras)
      Object.assign(open.call, told)
      this.#open = willContinue === true ? open : undefined
      if (willContinue === true) return []
      return [{ ...open.part, functionCall: { ...open.call, args: open.args as JsonValue } }]
    })
  }
}

/** Puts a value, or the next piece of a text, where its path says. */
function put(args: Node, arg: JsonObject): void {
  const keys = textIn(arg, 'jsonPath')?.match(/[^$.[\]'"]+/g) ?? []
  const last = keys.at(-1)
  if (last === undefined || keys.length > maxDepth) return
  let node = args
  for (const [place, key] of keys.slice(0, -1).entries()) {
    if (!hasRoom(node, key)) return
    const inner = own(node, key)
    const next: Node =
      typeof inner === 'object' && inner !== null ? (inner as Node) : /^\d+$/.test(keys[place + 1]!) ? [] : {}
    define(node, key, next)
    node = next
  }
  if (!hasRoom(node, last)) return
  const before = own(node, last)
  const text = textIn(arg, 'stringValue')
  const value = text ?? arg['numberValue'] ?? arg['boolValue'] ?? null
  define(node, last, text !== undefined && typeof before === 'string' ? before + text : value)
}

/** A list grows item by item. */
function hasRoom(node: Node, key: string): boolean {
  return !Array.isArray(node) || Number(key) <= node.length
}

function own(node: Node, key: string): JsonValue | Node | undefined {
  return Object.hasOwn(node, key) ? (node as Fields)[key] : undefined
}

function define(node: Node, key: string, value: JsonValue | Node): void {
  Object.defineProperty(node, key, { value, enumerable: true, writable: true, configurable: true })
}
