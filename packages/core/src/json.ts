import { SessionError } from './errors.js'

/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** How large a JSON value may be. */
export interface JsonLimits {
  /** Levels of nesting (default 32). */
  maxDepth?: number
  /** Keys and array items together (default 10,000). */
  maxNodes?: number
  /** Lets fields of the value itself be `undefined`, as optional fields are in code (default false). */
  optionalFields?: boolean
}

// Deep enough for any document; shallow enough that no serializer or database overflows on what we accepted.
const defaultMaxDepth = 32
const defaultMaxNodes = 10_000

/**
 * The value, once it is known to survive JSON unchanged.
 *
 * @throws `invalid` with the path of what would not: `undefined`, `NaN`, a `Date`, a class instance, a key that
 * could reach a prototype, a value nested too deep; `too_large` when there are too many keys and items.
 */
export function parseJson(value: unknown, path: string, limits: JsonLimits = {}): JsonValue {
  const maxDepth = limits.maxDepth ?? defaultMaxDepth
  const maxNodes = limits.maxNodes ?? defaultMaxNodes
  let nodes = 0
  // A list instead of recursion: the input decides the depth, and must not decide our stack.
  const waiting: { value: unknown; path: string; depth: number }[] = [{ value, path, depth: 1 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value: node, path: at, depth } = next
    if (node === undefined && depth === 2 && limits.optionalFields === true) continue
    const problem = problemOf(node)
    if (problem !== undefined) throw new SessionError('invalid', `${at} is ${problem}`, { path: at })
    if (typeof node !== 'object' || node === null) continue
    if (depth > maxDepth) {
      throw new SessionError('invalid', `${at} is nested deeper than ${maxDepth} levels`, { path: at })
    }
    const keys = Array.isArray(node) ? node.keys() : Object.keys(node)
    for (const key of keys) {
      if (++nodes > maxNodes) {
        throw new SessionError('too_large', `${path} has more than ${maxNodes} keys and items`, { path })
      }
      const inner: unknown = (node as Record<string | number, unknown>)[key]
      const innerPath = typeof key === 'number' ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`
      if (key === '__proto__' || (key === 'constructor' && reachesPrototype(inner))) {
        throw new SessionError('invalid', `${innerPath} is not an allowed key`, { path: innerPath })
      }
      waiting.push({ value: inner, path: innerPath, depth: depth + 1 })
    }
  }
  return value as JsonValue
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

function reachesPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
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
