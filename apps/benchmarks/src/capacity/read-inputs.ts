import { type CapacityInputs, usualInputs } from './sums.js'

// Parts of a whole.
const shares: ReadonlySet<string> = new Set(['activeShare', 'fromMemory', 'fromShared'])

/** The inputs of a file; what it leaves out is as usual. @throws with a sentence for whoever wrote the file. */
export function readInputs(text: string): CapacityInputs {
  const given = parse(text)
  const names = Object.keys(usualInputs)
  for (const [name, value] of Object.entries(given)) {
    if (!names.includes(name)) throw new Error(`${name} is no input; the inputs are ${names.join(', ')}`)
    const most = shares.has(name) ? 1 : Number.MAX_SAFE_INTEGER
    if (typeof value !== 'number' || value < 0 || value > most)
      throw new Error(`${name} must be a number from 0 to ${most}, not ${JSON.stringify(value)}`)
  }
  return { ...usualInputs, ...given }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new Error('it is no JSON')
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Error('it must be an object, such as { "sessions": 2000000 }')
  return given as Record<string, unknown>
}
