import {
  AbstractChat,
  type ChatInit,
  type ChatState,
  type ChatStatus,
  DefaultChatTransport,
  type UIMessage,
} from 'ai'
import type { Chat } from '../src/index.js'

class State implements ChatState<UIMessage> {
  status: ChatStatus = 'ready'
  error: Error | undefined = undefined
  messages: UIMessage[]

  constructor(messages: UIMessage[]) {
    this.messages = messages
  }

  pushMessage = (message: UIMessage): void => {
    this.messages = [...this.messages, message]
  }

  popMessage = (): void => {
    this.messages = this.messages.slice(0, -1)
  }

  replaceMessage = (index: number, message: UIMessage): void => {
    this.messages = this.messages.with(index, structuredClone(message))
  }

  snapshot = <T>(thing: T): T => structuredClone(thing)
}

/** The SDK's own chat of a page, with its default transport, in front of a chat's `handle`. */
export class ChatClient extends AbstractChat<UIMessage> {
  constructor({ handle }: Pick<Chat, 'handle'>, init: ChatInit<UIMessage> & { user?: string }) {
    const { messages = [], user = 'alice', ...rest } = init
    const ask = (url: string, request: RequestInit): Promise<Response> =>
      handle(
        new Request(new URL(url, 'https://shop.example'), {
          ...request,
          headers: { ...request.headers, user },
        }),
      )
    super({
      transport: new DefaultChatTransport({ fetch: ask as typeof fetch }),
      ...rest,
      state: new State(messages),
    })
  }
}
