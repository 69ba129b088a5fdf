import { isPromise, leave } from './async/calling.js'
import { SessionError } from './errors.js'

/** What an option holds, where that is checked: a kind of value, or one of a few texts. */
export type OptionKind =
  | 'text'
  | 'number'
  | 'flag'
  | 'function'
  | 'object'
  | 'list'
  | 'origins'
  | 'pages'
  | 'signal'
  | readonly string[]

/**
 * The names of all options, each with what it holds, or `true` where whoever reads it checks it: the compiler asks for
 * those that are missing, and for those that are no more.
 */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true | OptionKind }

/**
 * Refuses options that nobody reads, for a misspelt one would silently do nothing, and values of another kind.
 *
 * @param path Where the options stand, for errors; empty at the top.
 *
 * @throws `invalid` with the path of an unknown option and the nearest name, or of one that holds something else; or when
 * it is no object.
 */
export function checkOptions<Options>(options: unknown, names: OptionNames<Options>, path = ''): void {
  if (options === undefined) return
  const whole = path === '' ? 'options' : path
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new SessionError('invalid', `${whole} must be an object`, { path: whole })
  // It has no options of its own, so nothing that it holds would be read.
  if (isPromise(options)) {
    leave(options)
    throw new SessionError('invalid', `${whole} must be an object, and is a promise: await it`, {
      path: whole,
    })
  }
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name]
    // An option that is `undefined` cannot be misspelt.
    if (value === undefined) continue
    const where = path === '' ? name : `${path}.${name}`
    if (Object.hasOwn(names, name)) {
      checkKind(value, names[name as keyof Options], where)
      continue
    }
    const nearest = nearestTo(name, Object.keys(names))
    const hint =
      nearest === undefined ? '' : `; did you mean ${path === '' ? nearest : `${path}.${nearest}`}?`
    throw new SessionError('invalid', `${where} is not a known option${hint}`, { path: where })
  }
}

function checkKind(value: unknown, kind: true | OptionKind, path: string): void {
  if (kind === true) return
  const isOneOf = typeof kind !== 'string'
  if (isOneOf ? kind.includes(value as string) : isOf[kind](value)) return
  const wanted = isOneOf ? `must be one of ${kind.join(', ')}` : `must be ${nounOf[kind]}`
  throw new SessionError('invalid', `${path} ${wanted}`, { path })
}

const isOf: Readonly<Record<Exclude<OptionKind, readonly string[]>, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && !Number.isNaN(value),
  flag: (value) => typeof value === 'boolean',
  function: (value) => typeof value === 'function',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  list: (value) => Array.isArray(value),
  // Pages of every site can be without an origin, in a frame with `sandbox`: to trust them is to trust every site.
  origins: (value) => Array.isArray(value) && value.every(isOrigin),
  pages: (value) => Array.isArray(value) && value.every((each) => each === 'null' || isOrigin(each)),
  // Of any realm.
  signal: (value) => typeof (value as AbortSignal | null)?.addEventListener === 'function',
}
const nounOf: Readonly<Record<keyof typeof isOf, string>> = {
  text: 'a text',
  number: 'a number',
  flag: 'true or false',
  function: 'a function',
  object: 'an object',
  list: 'a list',
  origins:
    'a list of origins as browsers send them, such as https://shop.example, and without null, which pages of every site can have',
  pages: 'a list of origins as browsers send them, such as https://shop.example',
  signal: 'an AbortSignal',
}

/** Whether a browser may send it as an `Origin`. One that it spells in another way would silently never be found. */
function isOrigin(value: unknown): boolean {
  // A `*` stands for nothing: each origin is named.
  if (typeof value !== 'string' || value.includes('*')) return false
  // Those of applications, such as `capacitor://localhost`, are none to `URL`.
  if (!/^https?:/i.test(value)) return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(value)
  return URL.canParse(value) && new URL(value).origin === value
}

/** Refuses a name in a list that is none of `known`, for a misspelt one would silently do nothing. @throws `invalid` */
export function checkNames(
  names: readonly string[] | undefined,
  known: readonly string[],
  path: string,
): void {
  for (const [place, name] of names?.entries() ?? []) {
    if (known.includes(name)) continue
    const where = `${path}[${place}]`
    throw new SessionError('invalid', `${where} must be one of ${known.join(', ')}`, { path: where })
  }
}

/** The known name that is most likely meant; undefined when none is near. */
function nearestTo(name: string, names: readonly string[]): string | undefined {
  const wanted = name.slice(0, 60).toLowerCase()
  let nearest: string | undefined
  let best = Math.max(2, Math.ceil(wanted.length / 2)) + 1
  for (const candidate of names) {
    const known = candidate.toLowerCase()
    // The beginning of a name counts as near: `idle` for `idleMs`.
    const distance = known.startsWith(wanted) ? 1 : edits(wanted, known)
    if (distance < best) {
      best = distance
      nearest = candidate
    }
  }
  return nearest
}

/** How many letters to add, remove or replace to turn one word into another. */
function edits(from: string, to: string): number {
  let before = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const now = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = before[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      now.push(Math.min(replaced, before[column]! + 1, now[column - 1]! + 1))
    }
    before = now
  }
  return before[to.length]!
}
