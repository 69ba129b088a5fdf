import { tool, type ToolSet } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { ChatClient } from './chat-client.js'
import { alice, chatOf, expectKept, id, partsOf, textOf } from './chat-of.js'
import { call, modelOf, text } from './models.js'

/** A model whose answer waits for `go` in its middle. */
function waiting(before: ReturnType<typeof text>, after: ReturnType<typeof text>) {
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const model = modelOf([])
  const doStream = model.doStream.bind(model)
  model.doStream = async (options) => {
    const { stream: rest } = await doStream(options)
    const pieces = [{ type: 'stream-start', warnings: [] }, ...before] as never[]
    const stream = new ReadableStream({
      async start(controller) {
        for (const piece of pieces) controller.enqueue(piece)
        await gate
        for (const piece of after) controller.enqueue(piece)
        for await (const piece of rest as never as AsyncIterable<{ type: string }>) {
          if (piece.type === 'finish') controller.enqueue(piece)
        }
        controller.close()
      },
    })
    return { stream: stream as never }
  }
  return { model, go }
}

const began = [
  { type: 'text-start', id: '0' },
  { type: 'text-delta', id: '0', delta: 'One, ' },
]
const ended = [
  { type: 'text-delta', id: '0', delta: 'two.' },
  { type: 'text-end', id: '0' },
]

async function untilShown(page: ChatClient, said: string): Promise<void> {
  await expect.poll(() => JSON.stringify(page.messages), { timeout: 15_000 }).toContain(said)
}

it('goes on without its page, and another one follows from the beginning', async () => {
  const { model, go } = waiting(began, ended)
  const chat = chatOf({ model })
  const page = new ChatClient(chat, { id })
  const sending = page.sendMessage({ text: 'Count' })
  await untilShown(page, 'One, ')
  await page.stop()
  await sending
  const second = new ChatClient(chat, { id, messages: await chat.messages(alice, id) })
  const following = second.resumeStream()
  await untilShown(second, 'One, ')
  go()
  await following
  expect(partsOf(second).at(-1)).toMatchObject({ text: 'One, two.', state: 'done' })
  await expectKept(chat, second)
  const idle = await chat.handle(new Request(`https://shop.example/api/chat/${id}/stream`))
  expect(idle.status).toBe(204)
  const unknown = await chat.handle(new Request('https://shop.example/api/chat/no-such-chat/stream'))
  expect(unknown.status).toBe(204)
})

it('stops when it is told to, and keeps what was said', async () => {
  const { model } = waiting(began, ended)
  const chat = chatOf({ model })
  const page = new ChatClient(chat, { id })
  const sending = page.sendMessage({ text: 'Count' })
  await untilShown(page, 'One, ')
  const stop = new Request(`https://shop.example/api/chat/${id}/stop`, { method: 'POST' })
  expect(await (await chat.handle(stop)).json()).toEqual({ stopped: true })
  await sending
  expect(partsOf(page).at(-1)).toMatchObject({ text: 'One, ', state: 'streaming' })
  await expectKept(chat, page)
})

it('follows a continued answer from the beginning of its message', async () => {
  const confirm = tool({ inputSchema: z.object({ why: z.string().optional() }) })
  const { model, go } = waiting(began, ended)
  const first = modelOf([...text('0', 'Sure?'), ...call('c1', 'confirm', {})])
  let asked = 0
  const chat = chatOf({
    model: () => (asked++ === 0 ? first : model),
    tools: { confirm } as object as ToolSet,
  })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Count' })
  await page.addToolOutput({ tool: 'confirm', toolCallId: 'c1', output: 'yes' })
  const sending = page.sendMessage()
  await untilShown(page, 'One, ')
  const second = new ChatClient(chat, { id, messages: await chat.messages(alice, id) })
  const following = second.resumeStream()
  await untilShown(second, 'One, ')
  go()
  await Promise.all([sending, following])
  expect(textOf(second.messages)).toBe(textOf(page.messages))
  await expectKept(chat, page)
})

it('tells of a failure, and answers again', async () => {
  let isBroken = true
  const model = modelOf(text('0', 'Hello.'))
  const chat = chatOf({
    model: () => {
      if (!isBroken) return model
      isBroken = false
      throw new Error('secret')
    },
  })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Hi' })
  expect(page.error?.message).toBe('The model failed.')
  expect(textOf(await chat.messages(alice, id))).toBe(textOf(page.messages))
  await page.regenerate()
  expect(partsOf(page).at(-1)).toMatchObject({ text: 'Hello.' })
  await expectKept(chat, page)
})
