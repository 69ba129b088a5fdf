// One write of a socket is worth so much.
const pieceBytes = 65_536

/**
 * Text as the body of a response. It is made when the client has room for it, and no further than that. What ends with an
 * error ends the connection, so that the client sees that it was cut off.
 */
export function textStream(
  pieces: AsyncGenerator<string, void, undefined>,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = await nextPiece(pieces)
          if (piece.text !== '') controller.enqueue(encoder.encode(piece.text))
          if (!piece.isLast) return
          controller.close()
          onEnd()
        } catch (error) {
          controller.error(error)
          onEnd()
        }
      },
      async cancel() {
        onEnd()
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}

async function nextPiece(
  pieces: AsyncGenerator<string, void, undefined>,
): Promise<{ text: string; isLast: boolean }> {
  let text = ''
  while (text.length < pieceBytes) {
    const next = await pieces.next()
    if (next.done === true) return { text, isLast: true }
    text += next.value
  }
  return { text, isLast: false }
}
