import { checkOptions } from '@sessions/core/node'
import { checkToolSet, wrong } from './check-tool-set.js'
import type { RespondWithOptions } from './respond-with-options.js'

/** What `streamText` has and this package gives it. */
const given: readonly string[] = ['model', 'prompt', 'messages', 'instructions', 'abortSignal']

/** @throws `invalid` for what is neither a model, nor its name, nor what chooses it. */
export function checkModel(model: unknown): void {
  const isModel = typeof model === 'object' && model !== null && 'doStream' in model
  if (isModel || typeof model === 'function' || (typeof model === 'string' && model !== '')) return
  throw wrong('model', 'must be a model of the AI SDK, its name, or a function that gives one')
}

/**
 * @param at Where the options of `streamText` stand.
 * @throws `invalid` with the path of a wrong option of `respondWith`.
 */
export function checkRespondWith(options: RespondWithOptions, at: '' | 'settings' = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw wrong('options', 'must be an object')
  for (const name of given)
    if ((options as Record<string, unknown>)[name] !== undefined)
      throw wrong(at === '' ? name : `${at}.${name}`, instead(name))
  const { system, context, messageMetadata, convertDataPart, tools } = options
  if (typeof system !== 'function') checkOptions({ system }, { system: 'text' })
  checkOptions({ context, messageMetadata }, { context: 'object', messageMetadata: 'function' })
  checkOptions({ convertDataPart }, { convertDataPart: 'function' }, at)
  checkToolSet(tools)
}

function instead(name: string): string {
  if (name === 'instructions') return 'is not taken: pass system'
  if (name === 'abortSignal') return 'is not taken: the signal of the turn stops the model'
  return name === 'model'
    ? 'is the first argument of respondWith, or an option of createChat'
    : 'is not taken: the session gives the messages'
}
