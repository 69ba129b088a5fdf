import {
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  stepCountIs,
  streamText,
  tool,
  ToolLoopAgent,
} from 'ai'
import { describe, expect, it, vi } from 'vitest'
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

function startGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('an answer that a person has stopped stays stopped, though its page asks again by itself', () => {
  const stop = (chat: ReturnType<typeof chatOf>) =>
    chat.handle(new Request(`https://shop.example/api/chat/${id}/stop`, { method: 'POST' }))

  it('while a tool runs that was approved', async () => {
    const ran: string[] = []
    const begun = startGate()
    const tools = {
      pay: tool({
        inputSchema: z.object({}),
        needsApproval: true,
        execute: (_, { toolCallId, abortSignal }) => {
          ran.push(toolCallId)
          begun.open()
          return new Promise<string>((resolve) =>
            abortSignal!.addEventListener('abort', () => resolve('late')),
          )
        },
      }),
    }
    const chat = chatOf({ model: modelOf(call('c', 'pay', {}), text('1', 'Done')), tools })
    const page = new ChatClient(chat, {
      id,
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    })
    await page.sendMessage({ text: 'Pay' })
    const { approval } = partsOf(page).at(-1) as { approval: { id: string } }
    const answered = page.addToolApprovalResponse({ id: approval.id, approved: true })
    await begun.opened
    await stop(chat)
    await answered
    await vi.waitFor(() => expect(page.error?.message).toContain('stopped'))
    expect(ran).toEqual(['c'])
    page.clearError()
    await page.sendMessage({ text: 'And now?' })
    expect(ran).toEqual(['c'])
    expect(partsOf(page).at(-1)).toMatchObject({ text: 'Done' })
  })

  it('before its first word, after what the page gave back', async () => {
    const asked = startGate()
    let calls = 0
    const chat = chatOf({
      tools: { locate: tool({ inputSchema: z.object({}) }) },
      clientTools: ['locate'],
      async *respond(turn) {
        if (calls++ === 0) return yield { type: 'tool-call', toolCallId: 'c', toolName: 'locate', input: {} }
        asked.open()
        if (calls === 2) await new Promise((resolve) => turn.signal.addEventListener('abort', resolve))
        return yield 'There'
      },
    })
    const page = new ChatClient(chat, {
      id,
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
    })
    await page.sendMessage({ text: 'Where am I?' })
    const answered = page.addToolOutput({ tool: 'locate', toolCallId: 'c', output: 'Graz' })
    await asked.opened
    await stop(chat)
    await answered
    await vi.waitFor(() => expect(page.error?.message).toContain('stopped'))
    expect(calls).toBe(2)
    page.clearError()
    await page.regenerate()
    expect(calls).toBe(3)
  })
})
