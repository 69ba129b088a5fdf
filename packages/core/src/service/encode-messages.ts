import type { NewMessage } from '../contract/session-store.js'
import { encodingMessage, type MessageInput, parseMessage } from '../domain/message.js'
import { mapInSlices, stepsInSlices } from '../async/slices.js'
import type * as Counting from './counting.js'
import type { Redaction } from './redaction.js'
import type { Service } from './service.js'

type Needed = Pick<Service, 'limits' | 'counting' | 'warn' | 'redaction'>

// What the estimate of tokens knows of words is loaded with the first message of a process.
let counters: typeof Counting | undefined
let loading: Promise<typeof Counting> | undefined

/**
 * The messages in the form in which they are stored: redacted, then counted.
 *
 * @throws `invalid`, `too_large`, `redaction_failed`
 */
export function encodeMessages(
  service: Needed,
  messages: MessageInput | readonly MessageInput[],
): readonly NewMessage[] | Promise<readonly NewMessage[]> {
  const { limits, redaction } = service
  const { maxMessageLength: maxLength } = limits
  const given = Array.isArray(messages) ? (messages as readonly MessageInput[]) : [messages as MessageInput]
  // Where the turn of the event loop is used up they are read later: the caller may change them after the call.
  const inputs = given.map(asItIs)
  const pathOf = (index: number): string => (Array.isArray(messages) ? `messages[${index}]` : 'message')
  if (counters === undefined && inputs.length > 0) {
    const parsed = mapInSlices(inputs, (input, index) => parseMessage(input, pathOf(index)))
    return loaded(parsed).then((all) => encodeMessages(service, Array.isArray(messages) ? all : all[0]!))
  }
  const encode = (all: readonly MessageInput[]) => {
    const counting = counters!.countingTokensOf(service)
    return stepsInSlices(all, (input, index) =>
      encodingMessage(input, { path: pathOf(index), maxLength, counting }),
    )
  }
  if (inputs.length === 0) return []
  return redaction === undefined ? encode(inputs) : redacted(redaction, inputs, pathOf).then(encode)
}

// Who gives more at once is read in slices, and leaves it as it is until then.
const mostParts = 100

/** A copy of a message and of its parts, where they are plain objects; others are read where they are. */
function asItIs(input: MessageInput): MessageInput {
  if (!isPlain(input)) return input
  const { content } = input
  const isCopied = Array.isArray(content) && content.length <= mostParts
  return isCopied
    ? { ...input, content: content.map((part) => (isPlain(part) ? { ...part } : part)) }
    : { ...input }
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

async function loaded<Parsed>(parsing: Parsed | Promise<Parsed>): Promise<Parsed> {
  // All wait for one promise, so that they go on in the order of their calls.
  loading ??= import('./counting.js').catch((cause: unknown) => {
    // A file that could not be fetched may be there the next time.
    loading = undefined
    throw cause
  })
  const [parsed, module] = await Promise.all([parsing, loading])
  counters = module
  return parsed
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
