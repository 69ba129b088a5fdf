import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const usage = { input_tokens: 100, output_tokens: 7, total_tokens: 107 }
const created = { id: 'resp_1', created_at: 1, model: 'gpt-5-mini', service_tier: null }
const message = { type: 'message', id: 'msg_1' }
const args = JSON.stringify({ cents: 500 })

const began = [
  { type: 'response.created', response: created },
  { type: 'response.output_item.added', output_index: 0, item: message },
]
const delta = (text: string) => ({ type: 'response.output_text.delta', item_id: 'msg_1', delta: text })
const ended = [
  { type: 'response.output_item.done', output_index: 0, item: message },
  { type: 'response.completed', response: { ...created, incomplete_details: null, usage } },
]
/** A call of the tool, of an id of its own. */
function call(number: number): object[] {
  const id = `fc_${number}`
  const item = { type: 'function_call', id, call_id: `call_${number}`, name: 'pay' }
  return [
    { type: 'response.created', response: created },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
    { type: 'response.function_call_arguments.delta', item_id: id, output_index: 0, delta: args },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { ...item, arguments: args, status: 'completed' },
    },
    { type: 'response.completed', response: { ...created, incomplete_details: null, usage } },
  ]
}

/** A provider that speaks as OpenAI does. An answer to "slowly" stops in its middle until it is let go. */
export class Provider {
  readonly requests: string[] = []
  readonly #server: Server
  #waiting: (() => void)[] = []

  private constructor() {
    this.#server = createServer((req, res) => void this.#answer(req, res))
  }

  static async listen(): Promise<Provider> {
    const provider = new Provider()
    provider.#server.listen(0, '127.0.0.1')
    await once(provider.#server, 'listening')
    return provider
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  /** Lets every answer that waits go on. */
  letGo(): void {
    for (const go of this.#waiting) go()
    this.#waiting = []
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of req) text += String(chunk)
    this.requests.push(text)
    const { input } = JSON.parse(text) as { input: object[] }
    const last = JSON.stringify(input.at(-1))
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const write = (events: readonly object[]): void => {
      for (const event of events) res.write(`data: ${JSON.stringify(event)}\n\n`)
    }
    if (last.includes('Pay')) write(call(this.requests.length))
    else if (last.includes('slowly')) {
      write([...began, delta('One, ')])
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
      write([delta('two.'), ...ended])
    } else write([...began, delta('Answer '), delta(`${this.requests.length}.`), ...ended])
    res.end()
  }
}
