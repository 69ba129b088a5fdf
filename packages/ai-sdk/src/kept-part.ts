import type { JsonValue, Message } from '@sessions/core'

/** A message of a log or of a context, as far as it is read here. */
export type KeptMessage = Pick<Message, 'role' | 'content'> &
  Partial<Pick<Message, 'id' | 'metadata' | 'status'>>

/** A part of a message, or an event of a turn. */
export interface KeptPart {
  readonly type: string
  readonly [field: string]: JsonValue | undefined
}

const fieldsOfKind: Readonly<Record<string, readonly string[]>> = {
  string: [
    'toolCallId',
    'toolName',
    'approvalId',
    'signature',
    'reason',
    'title',
    'filename',
    'mediaType',
    'kind',
  ],
  boolean: ['approved', 'isAutomatic', 'providerExecuted', 'dynamic', 'transient'],
}

/** The fields of a part that pages know, where they are of the right kind; messages for models name some otherwise. */
export function known(part: KeptPart): Record<string, JsonValue> {
  const found: Record<string, JsonValue> = {}
  for (const [kind, names] of Object.entries(fieldsOfKind)) {
    for (const name of names) if (typeof part[name] === kind) found[name] = part[name]!
  }
  const { toolMetadata, providerMetadata: provided = part['providerOptions'] } = part
  if (isObject(toolMetadata)) found['toolMetadata'] = toolMetadata
  if (isObject(provided) && Object.values(provided).every(isObject)) found['providerMetadata'] = provided
  return found
}

export function isObject(value: unknown): value is Record<string, JsonValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields that are not undefined. */
export function defined<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields
}
