import type { MessageView, Part } from '../wire.ts'

/** The pieces of an answer, in order. */
export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool'; readonly id: string; readonly name: string; readonly state: ToolState }

export type ToolState = 'running' | 'done' | 'failed'

/** The text of a message; parts of other types have none. */
export function textOf({ content }: { readonly content: string | readonly Part[] }): string {
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? stringOf(part['text']) : '')).join('')
}

/** A text without the signs of Markdown, as one line: to be shown small, or read aloud. */
export function withoutSigns(text: string): string {
  return text.replaceAll(/[\s*_`#]+/g, ' ')
}

/** The messages of one answer for a reader: its text, and a line for each tool. */
export function piecesOf(messages: readonly MessageView[]): Piece[] {
  const pieces: Piece[] = []
  for (const { content } of messages) {
    const parts: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    for (const part of parts) addPart(pieces, part)
  }
  return pieces
}

function addPart(pieces: Piece[], part: Part): void {
  const id = stringOf(part['toolCallId'])
  if (part.type === 'text') addText(pieces, stringOf(part['text']))
  // In a stored answer, a call has its result, or never gets one.
  else if (part.type === 'tool-call') addTool(pieces, { id, name: stringOf(part['toolName']), state: 'done' })
  else if (part.type === 'tool-result' && part['isError'] === true) settleTool(pieces, id, 'failed')
}

export function addText(pieces: Piece[], text: string): void {
  if (text === '') return
  const last = pieces.at(-1)
  if (last?.type === 'text') pieces[pieces.length - 1] = { type: 'text', text: last.text + text }
  else pieces.push({ type: 'text', text })
}

export function addTool(pieces: Piece[], tool: { id: string; name: string; state: ToolState }): void {
  pieces.push({ type: 'tool', ...tool })
}

export function settleTool(pieces: Piece[], id: string, state: ToolState): void {
  const index = pieces.findLastIndex((piece) => piece.type === 'tool' && piece.id === id)
  const found = pieces[index]
  if (found?.type === 'tool') pieces[index] = { ...found, state }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
