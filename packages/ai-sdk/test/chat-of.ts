import { createSessions, type Sessions } from '@sessions/core'
import type { UIMessage } from 'ai'
import { expect } from 'vitest'
import { type Chat, type ChatOptions, createChat } from '../src/index.js'
import type { ChatClient } from './chat-client.js'

export const alice = { tenantId: 'acme', userId: 'alice' }
export const id = 'chat-0123456789ab'

/** A chat of the tenant `acme`, whose user a header names. */
export function chatOf(
  options: Partial<ChatOptions>,
  sessions: Sessions = createSessions({ onWarning: () => {} }),
): Chat {
  return createChat({
    sessions,
    identify: ({ headers }) => ({ tenantId: 'acme', userId: headers.get('user') ?? 'alice' }),
    onError: () => {},
    ...options,
  })
}

/** What a page has is what another one begins with. */
export async function expectKept(chat: Chat, page: ChatClient): Promise<void> {
  expect(page.error).toBeUndefined()
  expect(textOf(await chat.messages(alice, page.id))).toBe(textOf(page.messages))
}

/** Byte for byte; only the order of the four fields of a message differs in the SDK itself, by the way it was made. */
export function textOf(messages: readonly UIMessage[]): string {
  return JSON.stringify(messages.map(({ id, role, metadata, parts }) => ({ id, role, metadata, parts })))
}

export function partsOf(page: ChatClient): UIMessage['parts'] {
  return page.messages.at(-1)!.parts
}
