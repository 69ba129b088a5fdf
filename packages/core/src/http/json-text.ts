import { inSlices, pause } from '../slices.js'

/** The JSON text of an answer, as `JSON.stringify` makes it: lists item by item, in slices. */
export async function toJsonText(value: object): Promise<string> {
  const text = await inSlices(writing(value))
  // What sends it has work with it, too.
  await pause()
  return text
}

function* writing(value: unknown): Generator<void, string> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return textOf(value) ?? 'null'
  if (Array.isArray(value)) {
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
