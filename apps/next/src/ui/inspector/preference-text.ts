/** A preference as a line of text. */
export function toText(value: unknown): string {
  if (Array.isArray(value)) return value.map(toText).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A line of text as a preference of the same type: a list stays a list, a number a number. */
export function fromText(text: string, before: unknown): unknown {
  const line = text.trim()
  if (Array.isArray(before)) {
    return line
      .split(',')
      .map((piece) => piece.trim())
      .filter(Boolean)
  }
  if (typeof before === 'boolean') return /^(true|yes)$/i.test(line)
  if (typeof before === 'number' && Number.isFinite(Number(line))) return Number(line)
  if (typeof before !== 'object' || before === null) return line
  try {
    return JSON.parse(line) as unknown
  } catch {
    return line
  }
}

/** The type of a new preference, guessed from its name. */
export function newPreference(name: string, text: string): unknown {
  if (name === 'likes' || name === 'dislikes') return fromText(text, [])
  return fromText(text, name === 'budget' ? 0 : '')
}
