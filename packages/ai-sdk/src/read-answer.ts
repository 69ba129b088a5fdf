import { pause } from '@sessions/core/node'
import { createUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { isObject } from './kept-part.js'

type Chunk = UIMessageChunk & { readonly [field: string]: unknown }
/** The chunks of one part. */
interface Place {
  readonly batch: Chunk[]
  readonly step: number
  readonly isDynamic: boolean
  /** Where the newest of them is. */
  at: number
}

const partsAtATime = 64

/** The message that the SDK's own reader makes of the chunks of an answer, in time linear to their number. */
export async function readAnswer(id: string, chunks: readonly UIMessageChunk[]): Promise<UIMessage> {
  let whole: UIMessage | undefined
  for (const batch of batchesOf(withOneMetadata(chunks))) {
    const read = await readBatch(id, batch)
    if (whole === undefined) whole = read
    else for (const part of read.parts) whole.parts.push(part)
  }
  return whole!
}

async function readBatch(messageId: string, chunks: readonly UIMessageChunk[]): Promise<UIMessage> {
  let read: UIMessage | undefined
  const stream = createUIMessageStream({
    execute: ({ writer }) => {
      writer.write({ type: 'start', messageId })
      for (const chunk of chunks) writer.write(chunk)
    },
    onFinish: ({ responseMessage }) => {
      read = responseMessage
    },
  })
  for await (const _ of stream as unknown as AsyncIterable<unknown>) await pause()
  return read!
}

/**
 * The chunks of a few parts at a time, each part whole: for a chunk of a call, the SDK looks through all parts of the
 * step. All chunks at once where parts are not apart from each other.
 */
function batchesOf(chunks: readonly Chunk[]): (readonly Chunk[])[] {
  const batches: Chunk[][] = [[]]
  const places = new Map<string, Place>()
  const asked = new Map<unknown, string>()
  let parts = 0
  let step = 0
  for (const chunk of chunks) {
    const type: string = chunk.type
    if (type === 'reset-step') return [chunks]
    if (type === 'start-step') step++
    const key = type === 'tool-approval-response' ? asked.get(chunk['approvalId']) : keyOf(chunk)
    if (key !== undefined && type === 'tool-approval-request') asked.set(chunk['approvalId'], key)
    const isNew = type === 'text-start' || type === 'reasoning-start'
    let place = key === undefined || isNew ? undefined : places.get(key)
    const isDynamic = type === 'tool-input-delta' ? place?.isDynamic === true : chunk['dynamic'] === true
    const isInput = type.startsWith('tool-input-')
    if (isInput && place !== undefined && (place.step !== step || place.isDynamic !== isDynamic))
      return [chunks]
    if (place === undefined) {
      if (++parts % partsAtATime === 0) batches.push([])
      place = { batch: isOfMessage(type) ? batches[0]! : batches.at(-1)!, step, isDynamic, at: -1 }
      if (key !== undefined) places.set(key, place)
    }
    const { batch, at } = place
    const [before, delta] = [batch[at]?.['inputTextDelta'], chunk['inputTextDelta']]
    // The SDK reads all of an input again for each piece of it.
    if (type === 'tool-input-delta' && typeof before === 'string' && typeof delta === 'string') {
      batch[at] = { ...chunk, inputTextDelta: before + delta }
    } else place.at = batch.push(chunk) - 1
  }
  return batches
}

/** What the chunks of one part have in common; undefined for a part of one chunk. */
function keyOf({ type, toolCallId, id }: Chunk): string | undefined {
  if (typeof toolCallId === 'string') return `tool:${toolCallId}`
  const kind = /^(?:text|reasoning|data-.*)(?=-|$)/s.exec(type)?.[0]
  return kind === undefined || typeof id !== 'string' ? undefined : `${kind}:${id}`
}

function isOfMessage(type: string): boolean {
  return type === 'start' || type === 'finish' || type === 'message-metadata'
}

/** The chunks with one of metadata in place of many: with each, the SDK copies all that was told before. */
function withOneMetadata(chunks: readonly Chunk[]): readonly Chunk[] {
  const told = chunks.flatMap(({ messageMetadata = null }) =>
    messageMetadata === null ? [] : [messageMetadata],
  )
  const rest = chunks.filter(({ type }) => type !== 'message-metadata')
  const isPlain = told.every(isObject) && rest.every(({ messageMetadata }) => messageMetadata === undefined)
  if (told.length < 2 || !isPlain) return chunks
  const messageMetadata = structuredClone(told[0]!)
  for (const more of told.slice(1)) merge(messageMetadata, more)
  return [{ type: 'message-metadata', messageMetadata }, ...rest]
}

type Fields = Record<string, unknown>

/** As the SDK merges metadata, but in place. */
function merge(base: Fields, more: Fields): void {
  for (const [name, value] of Object.entries(more)) {
    if (name === '__proto__' || name === 'constructor' || name === 'prototype') continue
    const before = base[name]
    if (isObject(value) && isObject(before)) merge(before, value)
    else base[name] = structuredClone(value)
  }
}
