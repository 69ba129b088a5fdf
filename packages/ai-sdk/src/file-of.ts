import * as ai from 'ai'
import { defined, isObject, type KeptPart, known } from './kept-part.js'

type Fields = Readonly<Record<string, unknown>>

const knowsReferences = 'uploadFile' in ai

// What SDKs call an image, a document, audio or video.
const typesOfFiles =
  /^(?:file|image|audio|video|media|document|reasoning-file|image_generation_call|(?:input|image|file|document|audio|video|text)[-_](?:url|data|image|file|audio|plain))$/
// Where they have its bytes or its address, maybe in an object within.
const placesOfSources =
  'url data image source file media audio image_url imageUrl document_url documentUrl audio_url audioUrl video_url videoUrl file_data fileData file_url fileUrl input_audio inputAudio result'.split(
    ' ',
  )
const fieldsOfMediaType = ['mediaType', 'mimeType', 'media_type', 'mime_type', 'contentType']
const fieldsOfName = ['filename', 'documentName', 'document_name', 'title']

/** A file, in the form of any SDK, as pages have it; undefined for other parts, and for one that is elsewhere. */
export function fileOf(part: KeptPart): { type: string } | undefined {
  const found = typesOfFiles.test(part.type) ? sourceIn(part, 2) : undefined
  if (found === undefined) return undefined
  const { source, within } = found
  const [, ofUrl] = /^data:([^;,]{1,100})[;,]/i.exec(source) ?? []
  const mediaType = textIn(fieldsOfMediaType, part, within) ?? ofUrl ?? mediaTypeOf(part, within)
  const filename = known(part)['filename'] ?? textIn(fieldsOfName, within, part)
  const url = /^[a-z][a-z\d+.-]*:/i.test(source) ? source : `data:${mediaType};base64,${source}`
  const type = part.type === 'reasoning-file' ? part.type : 'file'
  return URL.canParse(url) ? defined({ type, mediaType, filename, url }) : undefined
}

/** What a user gave to read or to look at: a file, or a document that is a text. */
export function givenFile(part: KeptPart): object | undefined {
  const { type, source, data, text } = part
  if (isObject(source) && source['type'] === 'text') return toText(source['data'])
  if (isObject(data) && data['type'] === 'text') return toText(data['text'])
  // Users think nothing for models.
  if (type === 'reasoning-file' || !typesOfFiles.test(type)) return undefined
  const file = fileOf(part)
  const reference = knowsReferences ? referenceIn(part) : undefined
  if (reference === undefined) return file ?? toText(text)
  const { mediaType = 'application/octet-stream', filename } = known(part)
  return defined({ type: 'file', mediaType, filename, url: '', ...file, providerReference: reference })
}

/** The ids that a file has at providers, where `uploadFile` of AI SDK 7 has put it. */
function referenceIn({ data, providerReference }: KeptPart): object | undefined {
  const reference = isObject(data) && data['type'] === 'reference' ? data['reference'] : providerReference
  const isReference = isObject(reference) && Object.values(reference).every((id) => typeof id === 'string')
  return isReference ? reference : undefined
}

function toText(text: unknown): object | undefined {
  return typeof text === 'string' && text !== '' ? { type: 'text', text } : undefined
}

function sourceIn(within: Fields, depth: number): { source: string; within: Fields } | undefined {
  for (const place of placesOfSources) {
    const source = within[place]
    if (typeof source === 'string' && source !== '') return { source, within }
    const found = isObject(source) && depth > 0 ? sourceIn(source, depth - 1) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function textIn(fields: readonly string[], ...places: readonly Fields[]): string | undefined {
  const values = places.flatMap((place) => fields.map((field) => place[field]))
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}

function mediaTypeOf({ type }: KeptPart, within: Fields): string {
  if (type === 'image_generation_call') return `image/${textIn(['output_format'], within) ?? 'png'}`
  const [kind] = /image|audio|video/.exec(type) ?? []
  if (kind !== undefined) return `${kind}/${textIn(['format'], within) ?? '*'}`
  // A document at an address: models take no other kind from there.
  return /document|input_file/.test(type) ? 'application/pdf' : 'application/octet-stream'
}
