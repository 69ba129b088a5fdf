import { SessionError } from '../errors.js'
import type { JsonValue } from '../json.js'
import type { MessageInput, Role } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import { readsAsRole } from '../domain/role-name.js'
import { fromSeedPart } from './compat/parts.js'
import { RequestError } from './problem.js'

/** The rules for messages of clients, from the options of an API. */
interface ClientRules {
  readonly clientParts: readonly string[]
  readonly clientUrls: (url: URL) => boolean
  readonly isCompat: boolean
}

interface Said {
  readonly role: Role
  readonly content: string | readonly { readonly type: string }[]
  readonly name?: string | undefined
}

// The fields that a part of each type may have in addition to its type. A provider may read more fields (cache marks,
// tool results in its own spelling), and with them a client would speak for the application.
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['image', 'mediaType'],
  file: ['data', 'url', 'mediaType', 'filename'],
  reasoning: ['text'],
  'tool-call': ['toolCallId', 'toolName', 'input'],
  'tool-result': ['toolCallId', 'toolName', 'output', 'isError'],
}
const typesOf: Readonly<Record<Role, readonly string[]>> = {
  system: ['text'],
  user: ['text', 'image', 'file'],
  assistant: ['text', 'image', 'file', 'reasoning', 'tool-call', 'tool-result'],
  tool: ['tool-result'],
}
/** Results of tools need the role `tool` or `assistant`, whatever `clientParts` allows. */
export const spokenParts: readonly string[] = ['reasoning', 'tool-call', 'tool-result']
const mediaFields = ['image', 'data', 'url']

/**
 * The messages of a client that has these roles, after a check that the client may send them.
 *
 * @throws `unprocessable` with the path of what it may not send.
 */
export function checkMessages(
  rules: ClientRules,
  roles: readonly Role[],
  messages: readonly Said[] | undefined,
): MessageInput[] {
  return (messages ?? []).map((message, index) => checkMessage(rules, roles, message, `messages[${index}].`))
}

/** One message. @param path Where its fields stand, with a full stop at its end unless it is the body itself. */
export function checkMessage(
  rules: ClientRules,
  roles: readonly Role[],
  message: Said,
  path = '',
): MessageInput {
  const { role, content, name } = message
  if (!roles.includes(role)) {
    throw refused(`${path}role`, `a client may not speak as ${role}.`)
  }
  if (name !== undefined) checkName(name, `${path}name`)
  if (typeof content === 'string') return message as MessageInput
  const parts = content.map((part, index) => checkPart(rules, role, part, `${path}content[${index}]`))
  return { ...message, content: parts } as MessageInput
}

function checkPart(
  rules: ClientRules,
  role: Role,
  given: { readonly type: string },
  path: string,
): MessagePart {
  const part = (rules.isCompat ? fromSeedPart(given) : given) as Readonly<Record<string, JsonValue>> & {
    readonly type: string
  }
  const { type, ...fields } = part
  if (!typesOf[role].includes(type)) {
    const isAllowed = rules.clientParts.includes(type) && !spokenParts.includes(type)
    if (isAllowed) return part
    throw refused(`${path}.type`, `a client may not send a part of type ${type} as ${role}.`)
  }
  for (const [name, value] of Object.entries(fields)) {
    if (!fieldsOf[type]!.includes(name)) {
      throw refused(`${path}.${name}`, 'is not a field that a client may set.')
    }
    if (mediaFields.includes(name) && type !== 'text') checkMedia(rules, value, `${path}.${name}`)
  }
  return part
}

/**
 * Checks a picture or file: it has data, or an address that the application allows. The server that fetches an address
 * is inside the application's network.
 */
function checkMedia({ clientUrls }: ClientRules, value: JsonValue, path: string): void {
  if (typeof value !== 'string') throw new SessionError('invalid', `${path}: must be a text`, { path })
  if (/^(?:data:[\w.+-]+\/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return
  let url: URL
  try {
    url = new URL(value)
  } catch {
    throw refused(path, 'is neither base64 data nor an address.')
  }
  if (url.protocol !== 'https:' || !clientUrls(url))
    throw refused(path, 'a client may not name this address.')
}

function checkName(name: string, path: string): void {
  const isOneLine = !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)
  if (!isOneLine || !/[\p{L}\p{N}]/u.test(name) || readsAsRole(name, /[^\p{L}\p{N}]/gu)) {
    throw refused(path, 'is not a name that a client may have.')
  }
}

function refused(path: string, why: string): RequestError {
  return new RequestError('unprocessable', `${path}: ${why}`, { path })
}
