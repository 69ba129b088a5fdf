/**
 * Sessions behind `useChat`, `streamText` and the other names of the Vercel AI SDK 7 and 6.
 *
 * @packageDocumentation
 */
export type { ChatOptions } from './chat-options.js'
export { type Chat, createChat } from './create-chat.js'
export { fromResponse, fromUIMessage } from './from-ui-message.js'
export type { KeptMessage } from './kept-part.js'
export { respondWith } from './respond-with.js'
export type { OfTurn, RespondWithOptions } from './respond-with-options.js'
export { toModelMessages, type ToModelMessagesOptions } from './to-model-messages.js'
export { toUIMessages } from './to-ui-messages.js'
