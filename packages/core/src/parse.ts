import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { SessionError } from './errors.js'
import { parseJson } from './json.js'
import { latestTime } from './time.js'

// zod/mini brings no texts, and the settings of zod are those of the application.
const { localeError } = en()

/**
 * The result of `schema` for a value from outside, after a check that the value is JSON and reaches no prototype.
 *
 * @param path Where the value stands, for errors; empty for the body of a request.
 * @param limits Levels of nesting (default 32), and keys and items together (default 10,000).
 *
 * @throws `invalid` with the path of the first error.
 */
export function parseWith<T>(
  schema: z.core.$ZodType<T>,
  value: unknown,
  path: string,
  limits?: { maxDepth?: number; maxNodes?: number },
): T {
  // Check before the schema, which would silently leave out a key such as `__proto__`.
  return checkWith(schema, parseJson(value, path, limits), path)
}

/** As `parseWith`, for a value that is known to be JSON. */
export function checkWith<T>(schema: z.core.$ZodType<T>, json: unknown, path: string): T {
  const result = tryWith(schema, json)
  if (result.success) return result.data
  const issue = deepest(result.error.issues[0])
  const inner = issue === undefined ? [] : issue.path
  const at = inner.reduce<string>((so, key) => {
    if (typeof key === 'number') return `${so}[${key}]`
    return so === '' ? String(key) : `${so}.${String(key)}`
  }, path)
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const where = unknown === undefined ? at : at === '' ? unknown : `${at}.${unknown}`
  const what = unknown === undefined ? (issue?.message ?? 'is invalid') : 'is not a known field'
  const named = where === '' ? 'body' : where
  throw new SessionError('invalid', `${named}: ${what}`, { path: named })
}

/** What `schema` says of a value that is known to be JSON. */
export function tryWith<T>(schema: z.core.$ZodType<T>, json: unknown): z.core.util.SafeParseResult<T> {
  return z.safeParse(schema, json, { error: localeError })
}

// Among the errors of a union, the caller can act on the one deepest in the input.
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== 'invalid_union') return issue
  let best: z.core.$ZodIssue | undefined
  for (const branch of issue.errors) {
    const inner = deepest(branch[0])
    if (inner !== undefined && (best === undefined || inner.path.length > best.path.length)) best = inner
  }
  return best === undefined ? issue : { ...best, path: [...issue.path, ...best.path] }
}

/** A time that a date can show, epoch ms. */
export const timeSchema = z.number().check(z.minimum(0), z.maximum(latestTime))

/** A text, where the types of a caller may not have been checked. @throws `invalid` */
export function parseText(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw new SessionError('invalid', `${path} must be a text`, { path })
}

/** A whole number from 0 up, which every store can hold. @throws `invalid` */
export function parseCount(value: unknown, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  const most = Number.MAX_SAFE_INTEGER
  throw new SessionError('invalid', `${path} must be a whole number from 0 to ${most}`, { path })
}

/** UTF-16 units of a title, a label or a name. */
export const maxTitleLength = 200

/** A title or label of at most 200 characters, or the empty text, which removes it. @throws `invalid` */
export function parseTitle(value: unknown, path = 'title'): string {
  const title = parseText(value, path).trim()
  if (title.length > maxTitleLength) {
    throw new SessionError('invalid', `${path} is longer than ${maxTitleLength} characters`, { path })
  }
  return title
}
