type Part = Readonly<Record<string, unknown>> & { readonly type: string }

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

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
