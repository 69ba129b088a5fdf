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

function shortened(document: TurnDocument, maxBytes: number): TurnDocument {
  const { id, ...fields } = document as unknown as Readonly<Record<string, JsonValue>>
  const lengthOf = (name: string): number => (typeof fields[name] === 'string' ? fields[name].length : 0)
  const [longest = ''] = Object.keys(fields).toSorted((one, other) => lengthOf(other) - lengthOf(one))
  const cut = lengthOf(longest)
  let bytes = bytesOf({ id: id!, [longest]: '', shortened: true }) + markBytes
  const kept: Record<string, JsonValue> = { id: id! }
  for (const [name, value] of Object.entries(fields)) {
    const more = cut > 0 && name === longest ? 0 : bytesOf({ [name]: value })
    // Half of the room is for the longest text, so that the fields beside it do not take the place of all of it.
    if (more > 0 && bytes + more > maxBytes / 2) continue
    bytes += more
    kept[name] = value
  }
  if (cut > 0) {
    const text = fields[longest] as string
    const { length } = jsonPrefix(text, maxBytes - bytes)
    if (length < cut) kept[longest] = `${text.slice(0, length)}… [${cut - length} more characters left out]`
  }
  return { ...kept, shortened: true } as unknown as TurnDocument
}
