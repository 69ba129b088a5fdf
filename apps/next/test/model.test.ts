import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, type Data, startChat } from './chat.js'

/** A provider that speaks as OpenAI does, and calls a tool when it is asked to sell something. */
class Provider {
  readonly requests: Data[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer((req, res) => void this.#answer(req, res))
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of req) text += String(chunk)
    const request = JSON.parse(text) as Data
    this.requests.push(request)
    const said = JSON.stringify(request['input'])
    if (said.includes('break down')) {
      res.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":{"message":"secret insides"}}')
      return
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    for (const event of said.includes('Sell me') && !said.includes('function_call_output') ? call : words) {
      res.write(`data: ${JSON.stringify(event)}\n\n`)
    }
    res.end()
  }
}

const usage = { input_tokens: 100, output_tokens: 7, total_tokens: 107 }
const created = { id: 'resp_1', created_at: 1, model: 'gpt-test', service_tier: null }
const item = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'add_to_cart' }
const args = JSON.stringify({ sku: 'CUP-FOX', quantity: 2 })
const call = [
  { type: 'response.created', response: created },
  { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: args },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: { ...item, arguments: args, status: 'completed' },
  },
  { type: 'response.completed', response: { ...created, incomplete_details: null, usage } },
]
const words = [
  { type: 'response.created', response: created },
  { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
  { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'With ' },
  { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'pleasure.' },
  { type: 'response.output_item.done', output_index: 0, item: { type: 'message', id: 'msg_1' } },
  { type: 'response.completed', response: { ...created, incomplete_details: null, usage } },
]

let provider: Provider
let chat: Chat
beforeAll(async () => {
  provider = new Provider()
  const env = { OPENAI_BASE_URL: await provider.listen(), OPENAI_API_KEY: 'a-key', CHAT_MODEL: 'gpt-test' }
  chat = await startChat(env)
})
afterAll(async () => {
  await chat?.stop()
  provider?.close()
})

describe('a real model, where there is a key for one', () => {
  it('is told of the conversation and the tools, and its words are the answer', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    await visitor.ask(id, 'My name is Ada')
    expect(await visitor.ask(id, 'How are you?')).toBe('With pleasure.')
    const { model, input, tools } = provider.requests.at(-1)!
    expect(model).toBe('gpt-test')
    expect(JSON.stringify(input)).toMatch(
      /assistant of a small shop.*My name is Ada.*With pleasure.*How are you\?/,
    )
    expect(tools.map(({ name }: Data) => name)).toContain('search_products')
    const { messages } = await visitor.call('GET', `/api/sessions/${id}/messages`)
    expect(messages.items).toHaveLength(4)
  })

  it('is sent what the panel shows, all of it and no more: instructions, preferences, cart and tools', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    await visitor.call('PATCH', `/api/sessions/${id}/preferences`, { likes: ['old maps'], budget: 40 })
    await visitor.ask(id, 'Hello')
    await visitor.ask(id, 'Sell me two fox cups')
    await visitor.ask(id, 'How are you?')
    const { input, tools } = provider.requests.at(-1)!
    const shown = await visitor.call('GET', `/api/chat/${id}/context`)
    const read = shown['context'].messages.flatMap(({ content }: Data) =>
      [content].flat().map((part: Data | string) => {
        if (typeof part === 'string') return part
        if (part['type'] === 'tool-call') return `${part['toolName']} ${JSON.stringify(part['input'])}`
        return part['type'] === 'tool-result' ? JSON.stringify(part['output']) : part['text']
      }),
    )
    const sent = input.flatMap(({ name, arguments: args, content, output }: Data) =>
      name === undefined
        ? [content ?? output]
            .flat()
            .map((part: Data | string) => (typeof part === 'string' ? part : part['text']))
        : [`${name} ${args}`],
    )
    // And what the model said to it.
    expect([...sent, 'With pleasure.']).toEqual(read)
    expect(sent.at(-1)).toBe('How are you?')
    for (const known of ['assistant of a small shop', 'old maps', '40', 'Fox Cup']) {
      expect(sent.join('\n')).toContain(known)
    }
    expect(
      tools.map(({ name, description, parameters }: Data) => ({ name, description, parameters })),
    ).toEqual(shown['tools'].map(({ inputSchema, ...tool }: Data) => ({ ...tool, parameters: inputSchema })))
    expect(shown['context'].report.tokens.tools).toBeGreaterThan(100)
    expect((await chat.visitor().send('GET', `/api/chat/${id}/context`)).status).toBe(404)
  })

  it('uses the tools, and is asked again with what they gave', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    const before = provider.requests.length
    const reply = await visitor.call('POST', `/api/sessions/${id}/message`, {
      content: 'Sell me two fox cups',
    })
    expect(reply['response'].text).toBe('With pleasure.')
    expect(reply['response'].usage).toMatchObject({ inputTokens: 200, outputTokens: 14 })
    expect(provider.requests).toHaveLength(before + 2)
    expect(JSON.stringify(provider.requests.at(-1)!['input'])).toContain('Fox Cup')
    expect((await visitor.call('GET', `/api/sessions/${id}/cart`))['cart'].itemCount).toBe(2)
  })

  it('fails without telling of our insides', async () => {
    const visitor = chat.visitor()
    const id = await visitor.begin()
    const { status, body } = await visitor.send('POST', `/api/sessions/${id}/message`, {
      content: 'break down',
    })
    expect([status, body['code'], body['detail']]).toEqual([502, 'model_failed', 'The model failed.'])
    expect(JSON.stringify(body)).not.toContain('insides')
    const { messages } = await visitor.call('GET', `/api/sessions/${id}/messages`)
    expect(messages.items.map(({ role, status: how }: Data) => [role, how])).toEqual([
      ['user', 'completed'],
      ['assistant', 'failed'],
    ])
  })
})
