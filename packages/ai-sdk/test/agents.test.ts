import { stepCountIs, streamText, tool, ToolLoopAgent } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChatOptions, toModelMessages } from '../src/index.js'
import { ChatClient } from './chat-client.js'
import { chatOf, expectKept, id, partsOf } from './chat-of.js'
import { call, modelOf, text } from './models.js'

const pay = tool({
  inputSchema: z.object({ cents: z.number() }),
  needsApproval: true,
  execute: ({ cents }) => `paid ${cents}`,
})
const tools = { pay }
type Answer = NonNullable<ChatOptions['respond']>
type Turn = Parameters<Answer>[0]

async function promptOf({ context, signal }: Turn) {
  const { messages } = await context({ maxTokens: 8000 })
  return { messages: await toModelMessages(messages, { tools }), abortSignal: signal }
}

const ways: Record<string, (model: ReturnType<typeof modelOf>) => Answer> = {
  'an agent': (model) => {
    const agent = new ToolLoopAgent({ model, tools })
    return async (turn) => agent.stream(await promptOf(turn))
  },
  streamText: (model) => async (turn) =>
    streamText({ model, tools, stopWhen: stepCountIs(5), ...(await promptOf(turn)) }),
  'a stream of UI messages': (model) => async (turn) =>
    streamText({ model, tools, stopWhen: stepCountIs(5), ...(await promptOf(turn)) }).toUIMessageStream(),
}

describe.each(Object.keys(ways))('where %s answers', (way) => {
  async function asked(...answers: Parameters<typeof modelOf>) {
    const chat = chatOf({ respond: ways[way]!(modelOf(...answers)) })
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Pay' })
    const answer = async (approved: boolean): Promise<void> => {
      const waiting = partsOf(page).findLast((part) => 'approval' in part) as { approval: { id: string } }
      await page.addToolApprovalResponse({ id: waiting.approval.id, approved })
      await page.sendMessage()
    }
    const states = () =>
      partsOf(page).flatMap((part) => ('toolCallId' in part ? [`${part.toolCallId} ${part.state}`] : []))
    return { chat, page, answer, states }
  }

  it('a person is asked, and the tool runs, or does not', async () => {
    const twice = [call('c', 'pay', { cents: 5 }), call('c', 'pay', { cents: 6 }), text('1', 'Done')]
    const { chat, page, answer, states } = await asked(...twice)
    expect(states()).toEqual(['c approval-requested'])
    await expectKept(chat, page)
    await answer(true)
    expect(states()).toEqual(['c output-available', 'c approval-requested'])
    await answer(false)
    expect(partsOf(page).at(-1)).toMatchObject({ type: 'text', text: 'Done' })
    await expectKept(chat, page)
  })

  it('a call with a wrong input has failed', async () => {
    const { chat, page, states } = await asked(call('c', 'pay', { cents: 'many' }), text('1', 'Sorry'))
    expect(states()).toEqual(['c output-error'])
    await expectKept(chat, page)
  })
})
