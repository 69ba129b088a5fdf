/**
 * Sessions behind `useChat`, `streamText` and the other names of the Vercel AI SDK 7 and 6.
 *
 * @packageDocumentation
 */
export { type Chat, type ChatOptions, createChat } from './create-chat.js'
export { fromResponse, fromUIMessage } from './from-ui-message.js'
export type { KeptMessage } from './kept-part.js'
export { type OfTurn, respondWith, type RespondWithOptions } from './respond-with.js'
export { toModelMessages, type ToModelMessagesOptions } from './to-model-messages.js'
export { toUIMessages } from './to-ui-messages.js'
