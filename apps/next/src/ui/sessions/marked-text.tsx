import { withoutSigns } from '../conversation/pieces.ts'
import type { Marked } from './use-search.ts'

/** A text of which the words that were searched for stand out. Signs of Markdown are left out: it is one line of plain text. */
export function MarkedText({ text, marks }: Marked) {
  const pieces: { readonly text: string; readonly isFound: boolean }[] = []
  let end = 0
  for (const [from, to] of marks) {
    pieces.push(
      { text: text.slice(end, from), isFound: false },
      { text: text.slice(from, to), isFound: true },
    )
    end = to
  }
  pieces.push({ text: text.slice(end), isFound: false })
  return pieces.map(({ text: piece, isFound }, index) =>
    isFound ? <mark key={index}>{piece}</mark> : withoutSigns(piece),
  )
}
