import { type Media, mimeOf } from './media.js'

// Tokens of an image of screen size at the more expensive providers, for images of unknown size.
const usualImage = 1100
const mostOfImage = 1600
// A page counts as text and as an image.
const perPage = 2500
const bytesOfPage = 60_000
const perSecond = { audio: 32, video: 300 }
const bytesOfSecond = { audio: 16_000, video: 250_000 }
const usualSeconds = 60

/**
 * Tokens of an image, a document, audio or video: by its size, pages or seconds if the part has them, else a usual
 * number.
 */
export function tokensOfMedia(media: Media): number {
  const data = dataOf(media)
  const mime = mimeOf(media) ?? /^data:([^;,]{1,100})[;,]/.exec(data ?? '')?.[1] ?? media.type ?? ''
  const bytes = data === undefined || data.startsWith('http') ? undefined : (data.length * 3) / 4
  if (/audio/.test(mime)) return ofSeconds('audio', media, bytes)
  if (/video/.test(mime)) return ofSeconds('video', media, bytes)
  if (isDocument(mime)) {
    const pages = numberIn(media, ['pages', 'pageCount', 'numPages'])
    return perPage * Math.max(1, pages ?? Math.ceil((bytes ?? 0) / bytesOfPage))
  }
  const width = numberIn(media, ['width'])
  const height = numberIn(media, ['height'])
  if (width !== undefined && height !== undefined) return ofImage(width, height)
  const size = data === undefined ? undefined : sizeOfPng(data)
  return size === undefined ? usualImage : ofImage(...size)
}

/**
 * The text of a document that is one: a model gets it word for word. Undefined for other media, and for a text that is
 * elsewhere.
 */
export function textOfMedia(media: Media): string | undefined {
  const { content } = (media['source'] ?? {}) as { content?: unknown }
  if (content !== undefined) return typeof content === 'string' ? content : JSON.stringify(content)
  const data = dataOf(media)
  if (data === undefined || /^https?:/.test(data)) return undefined
  const [head, url = ''] = /^data:([^,]{0,200}),/.exec(data) ?? ['']
  const mime = mimeOf(media) ?? url
  if (!isText(mime)) return undefined
  const given = data.slice(head.length)
  if (head !== '' && !url.endsWith(';base64')) return decodedUri(given)
  return base64.test(given) && given.length % 4 === 0 ? decodedBytes(given) : given
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

function decodedBytes(given: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0)))
}

function decodedUri(given: string): string {
  try {
    return decodeURIComponent(given)
  } catch {
    return given
  }
}

function isDocument(mime: string): boolean {
  return /pdf|document/.test(mime) || isText(mime)
}

function isText(mime: string): boolean {
  return (
    /^text\/|json|xml|yaml|javascript|csv|^(?:txt|md|html)$/.test(mime) && !/^image|officedocument/.test(mime)
  )
}

/** The larger of two counts: tiles of 512 pixels, and area. */
function ofImage(width: number, height: number): number {
  const fit = Math.min(1, 2048 / Math.max(width, height), 768 / Math.min(width, height))
  const tiles = Math.ceil((width * fit) / 512) * Math.ceil((height * fit) / 512)
  const area = Math.min(mostOfImage, Math.ceil((width * height) / 750))
  return Math.max(85 + 170 * tiles, area)
}

function ofSeconds(kind: 'audio' | 'video', media: Media, bytes: number | undefined): number {
  const seconds = numberIn(media, ['seconds', 'durationSeconds', 'duration'])
  const guess = bytes === undefined ? usualSeconds : bytes / bytesOfSecond[kind]
  return Math.max(perSecond[kind], Math.ceil((seconds ?? guess) * perSecond[kind]))
}

/** The bytes of media, as base64 or a URL; undefined where they are elsewhere. */
export function dataOf(media: Media): string | undefined {
  const nested =
    media['source'] ?? media['image_url'] ?? media['input_audio'] ?? media['file'] ?? media['inlineData']
  const places: readonly unknown[] = [media, nested]
  for (const place of places) {
    if (typeof place === 'string') return place
    if (typeof place !== 'object' || place === null) continue
    for (const field of [
      'data',
      'image',
      'url',
      'image_url',
      'file_data',
      'file',
      'result',
      'blob',
      'bytes',
    ]) {
      const value = (place as Record<string, unknown>)[field]
      if (typeof value === 'string') return value
    }
  }
  return undefined
}

function numberIn(media: Media, fields: readonly string[]): number | undefined {
  for (const field of fields) {
    const value = media[field]
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value
  }
  return undefined
}

/** Width and height of a PNG stand in its first bytes. */
function sizeOfPng(data: string): readonly [width: number, height: number] | undefined {
  const base64 = data.slice(data.startsWith('data:') ? data.indexOf(',') + 1 : 0).slice(0, 32)
  if (!base64.startsWith('iVBORw0KGgo') || base64.length < 32) return undefined
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  return width > 0 && height > 0 ? [width, height] : undefined
}
