import { jsonPrefix, type JsonValue } from '../json.js'
import { bytesOf } from '../domain/part.js'
import type { TurnDocument } from './part.js'

/**
 * Documents that take at most `maxBytes` together: the long ones share what the short ones leave, and each of them keeps
 * the beginning of its longest text, and the mark `shortened`. One whose id alone does not fit is left out.
 */
export function shortenedDocuments(
  documents: readonly TurnDocument[],
  maxBytes: number,
): readonly TurnDocument[] {
  const sizes = documents.map((document) => bytesOf(document as never))
  let room = maxBytes
  let left = sizes.length
  for (const size of sizes.toSorted((one, other) => one - other)) {
    if (size * left > room) break
    room -= size
    left--
  }
  if (left === 0) return documents
  const share = Math.floor(room / left)
  return documents.flatMap((document, index) => {
    const kept = sizes[index]! <= share ? document : shortened(document, share)
    return bytesOf(kept as never) <= share ? [kept] : []
  })
}

// Of the mark that tells how much is missing.
const markBytes = 50

function shortened({ id, ...given }: TurnDocument, maxBytes: number): TurnDocument {
  const fields = Object.entries(given as Readonly<Record<string, JsonValue>>)
  const texts = fields.flatMap(([name, value]) => (typeof value === 'string' ? [{ name, text: value }] : []))
  const longest = texts.toSorted((one, other) => other.text.length - one.text.length)[0]
  let bytes = bytesOf({ id, [longest?.name ?? '']: '', shortened: true }) + markBytes
  const kept: Record<string, JsonValue> = { id }
  for (const [name, value] of fields) {
    if (name === longest?.name) {
      kept[name] = ''
      continue
    }
    const more = bytesOf({ [name]: value })
    // Half of the room is for the longest text, so that the fields beside it do not take the place of all of it.
    if (bytes + more > maxBytes / 2) continue
    bytes += more
    kept[name] = value
  }
  if (longest !== undefined) {
    const { name, text } = longest
    const { length } = jsonPrefix(text, maxBytes - bytes)
    const left = text.length - length
    kept[name] = left === 0 ? text : `${text.slice(0, length)}… [${left} more characters left out]`
  }
  return { ...kept, shortened: true } as unknown as TurnDocument
}
