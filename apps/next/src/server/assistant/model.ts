import { type JsonValue, type Respond, SessionError, type ToolDescription } from '@sessions/core'
import type { ContextMessage } from '@sessions/core/context'
import { jsonSchema, type LanguageModel, type ModelMessage, streamText, tool, type ToolSet } from 'ai'

const system = `You are the assistant of a small shop for tea, coffee, books, lamps, wool, paper and games.
Talk about anything, briefly and warmly; use light Markdown. Use the tools for products, the cart and what the user likes; never invent a product or a price. Prices are in cents of EUR. Check out only when the user says so.`
const maxContextTokens = 16_000

/** Calls a real model with the context of the session, and yields its text and calls. The turn runs the tools. */
export const respondByModel: Respond = async function* ({ context, tools, signal }) {
  const { messages } = await context({ maxTokens: maxContextTokens, system })
  const answer = streamText({
    model: await chosenModel(),
    messages: messages.map(toModelMessage),
    tools: toToolSet(tools),
    abortSignal: signal,
    // An error ends the turn, and the turn reports it.
    onError: () => {},
  })
  for await (const part of answer.fullStream) {
    switch (part.type) {
      case 'text-delta':
        yield part.text
        break
      case 'reasoning-delta':
        yield { type: 'reasoning', text: part.text }
        break
      case 'tool-call': {
        const { toolCallId, toolName } = part
        yield { type: 'tool-call', toolCallId, toolName, input: part.input as JsonValue }
        break
      }
      case 'finish': {
        const { inputTokens = 0, outputTokens = 0 } = part.totalUsage
        yield { type: 'usage', inputTokens, outputTokens }
        break
      }
      case 'error':
        throw part.error
      case 'abort':
        return
      default:
    }
  }
}

/** `CHAT_MODEL`, of the provider that has a key, OpenAI first; other providers are reached through the gateway. */
async function chosenModel(): Promise<LanguageModel> {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY, CHAT_MODEL } = process.env
  if (OPENAI_API_KEY) return (await import('@ai-sdk/openai')).openai(CHAT_MODEL || 'gpt-5-mini')
  if (ANTHROPIC_API_KEY)
    return (await import('@ai-sdk/anthropic')).anthropic(CHAT_MODEL || 'claude-haiku-4-5')
  // A name alone is a model of the gateway, which reads its key itself.
  return CHAT_MODEL || 'openai/gpt-5-mini'
}

function toToolSet(tools: readonly ToolDescription[]): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      // Without `execute`, because the turn runs the tools and calls the model again.
      tool({
        ...(description === undefined ? {} : { description }),
        inputSchema: jsonSchema(inputSchema ?? { type: 'object' }),
      }),
    ]),
  )
}

/** A message of a session's context in the format of the AI SDK. */
export function toModelMessage({ role, content }: ContextMessage): ModelMessage {
  if (typeof content === 'string') {
    if (role === 'tool') throw new SessionError('invalid', 'A result of a tool must be a part.')
    return { role, content }
  }
  const parts = content.flatMap((part): JsonValue[] => {
    switch (part.type) {
      case 'text':
        return [{ type: 'text', text: part['text']! }]
      case 'tool-call': {
        const { toolCallId, toolName, input } = part as Record<string, JsonValue>
        return [{ type: 'tool-call', toolCallId: toolCallId!, toolName: toolName!, input: input! }]
      }
      case 'tool-result': {
        const { toolCallId, toolName = '', output } = part as Record<string, JsonValue>
        return [
          {
            type: 'tool-result',
            toolCallId: toolCallId!,
            toolName,
            output: { type: 'json', value: output! },
          },
        ]
      }
      default:
        // Reasoning is left out: the answer that it led to is there.
        return []
    }
  })
  // The parts fit the role: the session allows no others.
  return { role, content: parts } as unknown as ModelMessage
}
