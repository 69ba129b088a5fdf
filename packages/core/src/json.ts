import { SessionError } from './errors.js'

/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/**
 * A JSON object. A shape that is declared as a `type` fits; one that is declared as an `interface` does not, as TypeScript
 * lets others add fields to it.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** How large a JSON value may be. */
export interface JsonLimits {
  /** Levels of nesting (default 32). */
  maxDepth?: number
  /** Keys and array items together (default 10,000). */
  maxNodes?: number
}

// Deep enough for any document; shallow enough that no serializer or database overflows on an accepted value.
const defaultMaxDepth = 32
/** Keys and items of a JSON value where nothing else is said. */
export const defaultMaxNodes = 10_000
// A tool may return a page of rows; walking over it must not block the event loop.
const mostNodes = 200_000

/**
 * The value as JSON holds it: a key whose value is `undefined` is absent. Returns the value itself when there is no
 * such key.
 *
 * @throws `invalid` with the path of a value that JSON would change: `NaN`, a `Date`, a class instance, an `undefined`
 * item of an array, a key that could reach a prototype, a value nested too deep; `too_large` when there are too many
 * keys and items.
 */
export function parseJson(value: unknown, path: string, limits: JsonLimits = {}): JsonValue {
  const maxDepth = limits.maxDepth ?? defaultMaxDepth
  const maxNodes = limits.maxNodes ?? defaultMaxNodes
  let nodes = 0
  let hasUndefined = false
  // A list instead of recursion: the input decides the depth, and must not overflow the stack.
  const waiting: Place[] = []
  const look = (inner: unknown, above: Place | undefined, key: string | number): void => {
    const problem = problemOf(inner)
    if (problem !== undefined) throw refused(above, key, `is ${problem}`)
    if (typeof inner !== 'object' || inner === null) return
    const depth = above === undefined ? 1 : above.depth + 1
    if (depth > maxDepth) throw refused(above, key, `is nested deeper than ${maxDepth} levels`)
    waiting.push({ node: inner, key, above, depth })
  }
  look(value, undefined, path)
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { node } = place
    const keys = Array.isArray(node) ? undefined : Object.keys(node)
    const count = keys === undefined ? (node as unknown[]).length : keys.length
    nodes += count
    if (nodes > maxNodes) {
      throw new SessionError('too_large', `${path} has more than ${maxNodes} keys and items`, { path })
    }
    for (let index = 0; index < count; index++) {
      const key = keys === undefined ? index : keys[index]!
      const inner: unknown = (node as Record<string | number, unknown>)[key]
      if (isPrototypeKey(key, inner)) throw refused(place, key, 'is not an allowed key')
      if (inner === undefined && typeof key === 'string') hasUndefined = true
      else look(inner, place, key)
    }
  }
  // The value is not deeper than `maxDepth` here, so recursion is safe.
  return (hasUndefined ? withoutUndefined(value) : value) as JsonValue
}

/** An object or a list within a value, and where it stands there. */
interface Place {
  readonly node: object
  readonly key: string | number
  readonly above: Place | undefined
  readonly depth: number
}

// Paths are made for errors alone: most values have none.
function refused(above: Place | undefined, key: string | number, why: string): SessionError {
  const path = pathOf(above, key)
  return new SessionError('invalid', `${path} ${why}`, { path })
}

function pathOf(above: Place | undefined, key: string | number): string {
  if (above === undefined) return String(key)
  const at = pathOf(above.above, above.key)
  return typeof key === 'number' ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null) return value
  const kept: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) kept[key] = withoutUndefined(inner)
  }
  return kept
}

/**
 * Any value as JSON, as `JSON.stringify` makes it: a `Date` is its ISO text, `NaN` is `null`, a function is absent, an
 * instance is its own fields. In addition, bytes become base64, an `Error` its message, a `bigint` its digits, and a
 * value that contains itself, or is deeper than 32 levels, is left out. For results of application code, which must
 * not be refused.
 *
 * @throws `too_large` when there are more than 200,000 keys and items.
 */
export function toJson(value: unknown, path: string): JsonValue {
  return jsonOf(value, '', { path, nodes: 0, above: new Set() }) ?? null
}

interface JsonWalk {
  readonly path: string
  nodes: number
  /** The objects that contain the current one. */
  readonly above: Set<object>
}

function jsonOf(value: unknown, key: string | number, walk: JsonWalk): JsonValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return value.toString()
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null) return null
  if (walk.above.size >= defaultMaxDepth || walk.above.has(value)) return undefined
  walk.above.add(value)
  try {
    const plain = toPlain(value, key)
    return typeof plain === 'object' && plain !== null ? fieldsOf(plain, walk) : jsonOf(plain, key, walk)
  } finally {
    walk.above.delete(value)
  }
}

function fieldsOf(node: object, walk: JsonWalk): JsonValue {
  const keys = Object.keys(node)
  walk.nodes += Array.isArray(node) ? node.length : keys.length
  if (walk.nodes > mostNodes) {
    throw new SessionError('too_large', `${walk.path} has more than ${mostNodes} keys and items`, {
      path: walk.path,
    })
  }
  if (Array.isArray(node)) {
    const items: JsonValue[] = []
    for (let index = 0; index < node.length; index++) items.push(jsonOf(node[index], index, walk) ?? null)
    return items
  }
  const made: Record<string, JsonValue> = {}
  for (const name of keys) {
    const field: unknown = (node as Record<string, unknown>)[name]
    const inner = isPrototypeKey(name, field) ? undefined : jsonOf(field, name, walk)
    if (inner !== undefined) made[name] = inner
  }
  return made
}

/** The JSON form of an object that is more than its fields. */
function toPlain(value: object, key: string | number): unknown {
  const { toJSON } = value as { toJSON?: unknown }
  if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
    return typeof toJSON === 'function' ? (toJSON.call(value, String(key)) as unknown) : value
  }
  if (value instanceof ArrayBuffer) return toBase64(new Uint8Array(value))
  if (ArrayBuffer.isView(value)) {
    return toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }
  if (value instanceof Error) return value.message
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  return typeof toJSON === 'function' ? (toJSON.call(value, String(key)) as unknown) : value
}

interface PlatformBuffer {
  byteLength(text: string): number
  from(bytes: ArrayBufferLike, at: number, length: number): { toString(encoding: 'base64'): string }
}

// Where the platform counts and encodes by itself, it is many times faster.
const platform = (globalThis as { readonly Buffer?: PlatformBuffer }).Buffer

/** Bytes as base64, in pieces, because a call takes a limited number of arguments. */
export function toBase64(bytes: Uint8Array): string {
  if (platform !== undefined) {
    return platform.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  return btoa(binary)
}

/** UTF-8 bytes of a text. */
export function byteLength(text: string): number {
  if (platform !== undefined) return platform.byteLength(text)
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // Half of a pair counts two; alone it becomes a replacement of three.
    bytes += unit < 0x800 ? 1 : unit >= 0xd800 && unit <= 0xdfff ? 1 : 2
  }
  return bytes
}

/** As `parseJson`, for a value that must be an object. */
export function parseJsonObject(value: unknown, path: string, limits?: JsonLimits): JsonObject {
  const parsed = parseJson(value, path, limits)
  if (!isJsonObject(parsed)) throw new SessionError('invalid', `${path} is not an object`, { path })
  return parsed
}

/** Whether a JSON value is an object: neither null, nor a list, nor anything else. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : 'not a finite number'
    case 'object':
      if (value === null || Array.isArray(value)) return undefined
      return isPlain(value)
        ? undefined
        : `a ${value.constructor?.name ?? 'class instance'}, which JSON would change`
    default:
      return `${typeof value}, which JSON cannot hold`
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isPrototypeKey(key: unknown, value: unknown): boolean {
  if (key === '__proto__') return true
  if (key !== 'constructor' || typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, 'prototype')
}

/**
 * The longest beginning of a text that takes at most `maxBytes` UTF-8 bytes within a JSON text; it ends between
 * characters.
 */
export function jsonPrefix(text: string, maxBytes: number): { length: number; bytes: number } {
  let bytes = 0
  let length = 0
  while (length < text.length) {
    const unit = text.charCodeAt(length)
    const isPair = isHigh(unit) && isLow(text.charCodeAt(length + 1))
    const more = isPair ? 4 : bytesInJson(unit)
    if (bytes + more > maxBytes) break
    bytes += more
    length += isPair ? 2 : 1
  }
  return { length, bytes }
}

function bytesInJson(unit: number): number {
  if (unit === 0x22 || unit === 0x5c) return 2
  // Backspace, tab, line feed, form feed and carriage return have short escapes.
  if (unit < 0x20) return unit >= 8 && unit <= 13 && unit !== 11 ? 2 : 6
  if (unit < 0x80) return 1
  if (unit < 0x800) return 2
  return isHigh(unit) || isLow(unit) ? 6 : 3
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Whether two values say the same: the order of the keys of an object says nothing. */
export function isSameJson(one: JsonValue, other: JsonValue): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null)
    return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const fields = Object.entries<JsonValue>(one)
  return (
    fields.length === Object.keys(other).length &&
    fields.every(([key, value]) => {
      return Object.hasOwn(other, key) && isSameJson(value, (other as JsonObject)[key]!)
    })
  )
}

/** The same JSON value, whose objects and lists nobody else has; it must be no deeper than what `parseJson` lets pass. */
export function copyJson<Value extends JsonValue>(value: Value): Value
export function copyJson(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: JsonValue) => copyJson(item))
  return Object.fromEntries(Object.entries(value as JsonObject).map(([key, inner]) => [key, copyJson(inner)]))
}

/** `target` changed by `patch` as RFC 7396 says: objects merge, `null` removes a key, anything else replaces. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[key]
    } else if (isJsonObject(value)) {
      const before = Object.hasOwn(merged, key) ? merged[key] : undefined
      merged[key] = mergePatch(isJsonObject(before) ? before : {}, value)
    } else {
      merged[key] = value
    }
  }
  return merged
}
