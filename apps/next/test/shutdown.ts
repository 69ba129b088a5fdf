import { once } from 'node:events'
import type { Chat, Visitor } from './chat.js'

/** A stream of the chat, open from its first bytes; `rest` gives all of it when it has ended. */
export async function openStream(
  { url }: Chat,
  { cookie }: Visitor,
  path: string,
  content?: string,
): Promise<{ readonly rest: Promise<string> }> {
  const response = await fetch(url + path, {
    headers: { Cookie: cookie, Origin: url, 'Content-Type': 'application/json' },
    ...(content === undefined ? {} : { method: 'POST', body: JSON.stringify({ content }) }),
  })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader.read()
  const rest = async (): Promise<string> => {
    let text = first.value ?? ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text
      text += value
    }
  }
  return { rest: rest() }
}

/** What a chat that is asked to end ends with. */
export async function terminated({ child }: Chat): Promise<unknown> {
  child.kill('SIGTERM')
  const [code, signal] = await once(child, 'exit')
  return code ?? signal
}
