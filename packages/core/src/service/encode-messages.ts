import type { NewMessage } from '../contract/session-store.js'
import { encodingMessage, type MessageInput, parseMessage } from '../domain/message.js'
import { stepsInSlices } from '../slices.js'
import type { Redaction } from './redaction.js'
import type { Service } from './service.js'

type Needed = Pick<Service, 'limits' | 'countingTokens' | 'redaction'>

/**
 * The messages in the form in which they are stored: redacted, then counted.
 *
 * @throws `invalid`, `too_large`, `redaction_failed`
 */
export function encodeMessages(
  { limits, countingTokens: counting, redaction }: Needed,
  messages: MessageInput | readonly MessageInput[],
): readonly NewMessage[] | Promise<readonly NewMessage[]> {
  const { maxMessageLength: maxLength } = limits
  const inputs = Array.isArray(messages) ? (messages as readonly MessageInput[]) : [messages as MessageInput]
  const pathOf = (index: number): string => (Array.isArray(messages) ? `messages[${index}]` : 'message')
  const encode = (all: readonly MessageInput[]) =>
    stepsInSlices(all, (input, index) => encodingMessage(input, { path: pathOf(index), maxLength, counting }))
  return redaction === undefined ? encode(inputs) : redacted(redaction, inputs, pathOf).then(encode)
}

async function redacted(
  redaction: Redaction,
  inputs: readonly MessageInput[],
  pathOf: (index: number) => string,
): Promise<readonly MessageInput[]> {
  const made: MessageInput[] = []
  for (const [index, input] of inputs.entries()) {
    made.push(await redaction.message(parseMessage(input, pathOf(index))))
  }
  return made
}
