import { inSlices } from '../slices.js'

// Lists shorter than this are written at once.
const few = 32

/** The JSON text of an answer, as `JSON.stringify` makes it: long lists item by item, in slices. */
export function toJsonText(value: object): string | Promise<string> {
  return inSlices(writing(value))
}

function* writing(value: unknown): Generator<void, string> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return textOf(value) ?? 'null'
  if (Array.isArray(value)) {
    if (value.length < few) return textOf(value)!
    const items: string[] = []
    for (const item of value as unknown[]) {
      items.push(textOf(item) ?? 'null')
      yield
    }
    return `[${items.join(',')}]`
  }
  const fields: string[] = []
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined || typeof field === 'function') continue
    fields.push(`${JSON.stringify(name)}:${yield* writing(field)}`)
  }
  return `{${fields.join(',')}}`
}

function textOf(value: unknown): string | undefined {
  return JSON.stringify(value)
}
