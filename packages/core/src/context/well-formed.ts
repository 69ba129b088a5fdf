import type { Message } from '../domain/message.js'
import type { JsonValue } from '../json.js'

const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const lones = new RegExp(lone, 'g')

/** A text without halves of surrogate pairs, which providers refuse. */
export function wellFormed(text: string): string {
  return lone.test(text) ? text.replaceAll(lones, '\ufffd') : text
}

// Messages never change, so each is checked once.
const known = new WeakMap<Message, Message>()

/** A message with well-formed texts: the same object when they are well-formed already. */
export function wellFormedMessage(message: Message): Message {
  if (typeof message.content === 'string') {
    const content = wellFormed(message.content)
    const name = message.name === undefined ? undefined : wellFormed(message.name)
    if (content === message.content && name === message.name) return message
    return { ...message, content, ...(name === undefined ? {} : { name }) }
  }
  let made = known.get(message)
  if (made === undefined) {
    const content = message.content as unknown as JsonValue
    const clean = wellFormedJson(content)
    const name = message.name === undefined ? undefined : wellFormed(message.name)
    made =
      clean === content && name === message.name
        ? message
        : {
            ...message,
            content: clean as unknown as Message['content'],
            ...(name === undefined ? {} : { name }),
          }
    known.set(message, made)
  }
  return made
}

/** JSON with well-formed texts; a value that needs no change stays the same object. */
export function wellFormedJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map(wellFormedJson)
    return items.every((item, index) => item === value[index]) ? value : items
  }
  let isSame = true
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => {
    const clean = wellFormedJson(item)
    const name = wellFormed(key)
    if (clean !== item || name !== key) isSame = false
    return [name, clean]
  })
  return isSame ? value : Object.fromEntries(entries)
}
