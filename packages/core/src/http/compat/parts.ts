/** A part of either spelling. */
export type Part = Readonly<Record<string, unknown>> & { readonly type: string }

/**
 * A part in the spelling of `unified-llm-client`, translated to the spelling of messages here; other parts stay as
 * they are.
 */
export function fromSeedPart(part: { readonly type: string }): { readonly type: string } {
  const { type, ...said } = part as Part
  switch (type) {
    case 'tool_call':
      return {
        type: 'tool-call',
        ...given({ toolCallId: said['id'], toolName: said['name'], input: said['args'] }),
      }
    case 'tool_result':
      return {
        type: 'tool-result',
        ...given({
          toolCallId: said['toolCallId'],
          toolName: said['name'],
          output: said['result'],
          isError: said['isError'],
        }),
      }
    case 'image_base64':
      return { type: 'image', ...given({ image: said['data'], mediaType: said['mediaType'] }) }
    case 'image_url':
      return { type: 'image', ...given({ image: said['url'], mediaType: said['mediaType'] }) }
    case 'document':
    case 'audio':
      return {
        type: 'file',
        ...given({
          data: said['data'],
          url: said['url'],
          mediaType: said['mediaType'],
          filename: said['title'],
        }),
      }
    case 'text':
      return { type, ...given({ text: said['text'] }) }
    default:
      return part
  }
}

/** A part in the spelling of `unified-llm-client`; parts that it does not know stay as they are. */
export function toSeedPart(part: { readonly type: string }): Part {
  switch (part.type) {
    case 'tool-call': {
      const { type: _, toolCallId: id, toolName: name, input: args, ...others } = part as Part
      return { type: 'tool_call', ...given({ id, name, args, ...others }) }
    }
    case 'tool-result': {
      const { type: _, toolName: name, output: result, ...others } = part as Part
      return { type: 'tool_result', ...given({ name, result, ...others }) }
    }
    case 'image': {
      const { type: _, image, ...others } = part as Part
      return isAddress(image)
        ? { type: 'image_url', url: image, ...others }
        : { type: 'image_base64', ...dataOf(image), ...others }
    }
    case 'file': {
      const { type: _, data, filename: title, mediaType, ...others } = part as Part
      const isAudio = typeof mediaType === 'string' && mediaType.startsWith('audio/')
      const fields = given({ ...dataOf(data), mediaType, title, ...others })
      return { type: isAudio ? 'audio' : 'document', ...fields }
    }
    default:
      return part
  }
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /^https?:/i.test(value)
}

/** The data of a part, and its type where the data say it. */
function dataOf(data: unknown): Record<string, unknown> {
  const [, mediaType, base64] = (typeof data === 'string' && /^data:([^;,]+);base64,(.*)$/s.exec(data)) || []
  return mediaType === undefined ? { data } : { mediaType, data: base64 }
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
