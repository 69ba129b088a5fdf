import { SessionError } from './errors.js'

/** The names of all options of a type: the compiler reports names that are missing, and names that no longer exist. */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true }

/**
 * Refuses unknown options: a misspelt option would silently do nothing.
 *
 * @param path Where the options stand, for errors; empty at the top.
 *
 * @throws `invalid` with the path of an unknown option and the nearest name; or when the options are no object.
 */
export function checkOptions<Options>(options: unknown, names: OptionNames<Options>, path = ''): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const where = path === '' ? 'options' : path
    throw new SessionError('invalid', `${where} must be an object`, { path: where })
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue
    // An option that is `undefined` cannot be misspelt.
    if ((options as Record<string, unknown>)[name] === undefined) continue
    const where = path === '' ? name : `${path}.${name}`
    const nearest = nearestTo(name, Object.keys(names))
    const hint =
      nearest === undefined ? '' : `; did you mean ${path === '' ? nearest : `${path}.${nearest}`}?`
    throw new SessionError('invalid', `${where} is not a known option${hint}`, { path: where })
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
