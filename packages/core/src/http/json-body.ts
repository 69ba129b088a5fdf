import { pause, pauseAlone } from '../async/slices.js'

// A piece is made, encoded and sent within a few milliseconds.
const pieceLength = 64 * 1024
// Where long lists are: in an object that an object of the answer has. What is deeper is a part of one session or one
// item, and bounded with it. To look into each of its objects takes fifty times as long as to write it.
const listDepth = 3

/**
 * The body of an answer, as `JSON.stringify` makes it: lists are written item by item, in slices. Of a long text each
 * further piece is written when the client reads it.
 */
export async function toJsonBody(value: object): Promise<string | ReadableStream<Uint8Array<ArrayBuffer>>> {
  const pieces = piecesOf(value)
  const first = await nextPiece(pieces)
  const second = first.length < pieceLength ? '' : await nextPiece(pieces)
  // What sends it has work with it, too.
  await pause()
  return second === '' ? first : toStream([first, second], pieces)
}

function toStream(
  begun: string[],
  pieces: Iterator<string | undefined>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        await pause()
        const piece = begun.shift() ?? (await nextPiece(pieces))
        if (piece === '') controller.close()
        else controller.enqueue(encoder.encode(piece))
      },
    },
    { highWaterMark: 0 },
  )
}

/** Empty at the end. */
async function nextPiece(pieces: Iterator<string | undefined>): Promise<string> {
  for (;;) {
    const { done, value } = pieces.next()
    if (done === true) return ''
    if (value !== undefined) return value
    const others = pauseAlone()
    if (others !== undefined) await others
  }
}

/** The text in pieces, and nothing after each item that is written. */
function* piecesOf(whole: unknown): Generator<string | undefined, void> {
  let text = ''
  for (const more of writing(whole)) {
    text += more
    if (text.length < pieceLength) yield
    else {
      yield text
      text = ''
    }
  }
  if (text !== '') yield text
}

function* writing(value: unknown, depth = listDepth): Generator<string, void> {
  if (depth === 0 || typeof value !== 'object' || value === null || 'toJSON' in value) {
    yield textOf(value)
  } else if (Array.isArray(value)) {
    for (const [index, item] of (value as unknown[]).entries())
      yield `${index === 0 ? '[' : ','}${textOf(item)}`
    yield value.length === 0 ? '[]' : ']'
  } else {
    let before = '{'
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined || typeof field === 'function') continue
      yield `${before}${JSON.stringify(name)}:`
      yield* writing(field, depth - 1)
      before = ','
    }
    yield before === '{' ? '{}' : '}'
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}
