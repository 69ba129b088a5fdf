import { checkOptions, type OptionNames } from '@sessions/core/node'
import type { ChatOptions } from './chat-options.js'
import { checkModel, checkRespondWith } from './check-respond-with.js'
import { wrong } from './check-tool-set.js'

// With `true`, `createAdapterApi` checks it.
const names: OptionNames<ChatOptions> = {
  sessions: true,
  identify: true,
  guests: true,
  cookie: true,
  header: true,
  basePath: true,
  middleware: true,
  withRequestContext: true,
  cors: true,
  trustedOrigins: true,
  limiter: true,
  limitKey: true,
  limits: true,
  missLimiter: true,
  limiterFailure: true,
  maxBodyBytes: true,
  maxBodyDepth: true,
  maxBodyItems: true,
  deviceOf: true,
  clientUrls: true,
  clientOptions: true,
  maxOpenStreams: true,
  streamHeartbeatMs: true,
  onError: true,
  turns: 'object',
  model: true,
  respond: 'function',
  system: true,
  context: 'object',
  messageMetadata: 'function',
  settings: 'object',
  tools: true,
  turnTools: 'object',
  clientTools: 'list',
}
/** What is for `model` alone. */
const ofModel = ['system', 'context', 'messageMetadata', 'settings'] as const
const ownOfChat: readonly string[] = ['system', 'context', 'messageMetadata', 'tools']

/** @throws `invalid` with the path of a wrong option of `createChat`, or of one that nothing would read. */
export function checkChat(options: Partial<ChatOptions> | null | undefined): void {
  if (typeof options !== 'object' || options === null) throw wrong('options', 'must be an object')
  checkOptions(options, names)
  const { model, respond, settings } = options
  if (model === undefined && respond === undefined)
    throw wrong('model', 'is missing: nothing would answer; pass it, or respond')
  if (respond !== undefined) {
    if (model !== undefined)
      throw wrong('model', 'would never answer beside respond: pass it to respondWith there, or leave it out')
    const unread = ofModel.find((name) => options[name] !== undefined)
    if (unread !== undefined)
      throw wrong(unread, 'is for model: beside respond, pass it to respondWith there')
  } else checkModel(model)
  for (const name of ownOfChat)
    if ((settings as Record<string, unknown> | undefined)?.[name] !== undefined)
      throw wrong(`settings.${name}`, `stands beside settings: ${name}`)
  const { system, context, messageMetadata, tools } = options
  checkRespondWith({ ...settings, system, context, messageMetadata, tools }, 'settings')
}
