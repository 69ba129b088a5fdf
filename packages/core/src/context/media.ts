const mediaTypes = new Set([
  'file',
  'image',
  'image_url',
  'input_image',
  'input_file',
  'image-data',
  'image-url',
  'file-data',
  'file-url',
  'audio',
  'input_audio',
  'video',
  'media',
  'document',
  'reasoning-file',
  'image_generation_call',
])

const typeOfMedia = new RegExp(
  `"type":"(?:${[...mediaTypes].join('|')})"|"(?:data|blob|bytes)":"[A-Za-z0-9+/_-]{512}`,
)

/** Whether media may be in a JSON text, as `JSON.stringify` writes it. */
export function mayHoldMedia(json: string): boolean {
  return typeOfMedia.test(json)
}

/** A part, of a message or of a tool result, that is an image, a document, audio or video. */
export interface Media {
  readonly type?: string
  readonly [field: string]: unknown
}

export function isMedia(value: unknown): value is Media {
  if (typeof value !== 'object' || value === null) return false
  const { type } = value as { type?: unknown }
  return (typeof type === 'string' && mediaTypes.has(type)) || isUntypedMedia(value as Media)
}

/** Gemini, Bedrock and MCP say what bytes are, and have no `type` for it. */
function isUntypedMedia(value: Media): boolean {
  const { data, blob, source } = value
  const given = data ?? blob ?? (source as { bytes?: unknown } | null | undefined)?.bytes
  return typeof given === 'string' && isBytes(given) && mimeOf(value) !== undefined
}

// Encoded bytes: no word of any language is this long.
const bytes = /^(?:data:[^,]{0,100};base64,|[A-Za-z0-9+/=_-]{512})/

export function isBytes(text: string): boolean {
  return bytes.test(text)
}

/** Its name in a summary: its kind, and its file name if it has one. */
export function nameOfMedia(media: Media): string {
  const { filename, name, title } = media
  const named = [filename, name, title].find(
    (each): each is string => typeof each === 'string' && each !== '',
  )
  const kind = mimeOf(media) ?? media.type ?? 'file'
  return named === undefined ? kind : `${kind} ${named.slice(0, 100)}`
}

export function mimeOf(media: Media): string | undefined {
  const { source } = media
  for (const place of [media, source]) {
    if (typeof place !== 'object' || place === null) continue
    for (const field of ['mediaType', 'mimeType', 'media_type', 'mime_type', 'format']) {
      const value = (place as Record<string, unknown>)[field]
      if (typeof value === 'string') return value.slice(0, 100)
    }
  }
  return undefined
}
