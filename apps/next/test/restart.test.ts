import { type RedisServer, startRedis } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChat } from './chat.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())

describe('a chat that is killed', () => {
  // Whole conversations, in a file and on Redis: restart.wide.test.ts.
  it('keeps what was said of an answer until it was cut off, and says that it was', async () => {
    const env = { REDIS_URL: redis.url, CHAT_DELAY_MS: '20' }
    const before = await startChat(env)
    const visitor = before.visitor()
    const id = await visitor.begin()
    const response = await fetch(`${before.url}/api/sessions/${id}/message?stream=true`, {
      method: 'POST',
      headers: { Cookie: visitor.cookie, Origin: before.url, 'Content-Type': 'application/json' },
      body: JSON.stringify({ content: 'Tell me a story' }),
    })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    while (!seen.includes('conductor')) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`The story ended too soon:\n${seen}`)
      seen += value
    }
    await before.stop('SIGKILL')
    await reader.cancel().catch(() => {})

    const after = await startChat(env)
    const again = after.visitor()
    again.cookie = visitor.cookie
    // A reader of the turn learns that its process has died.
    const { text } = await again.call('GET', `/api/sessions/${id}/turns/current`)
    expect(text).toContain('eleven')
    expect(text).toMatch(/event: response\.(error|aborted)/)
    const { messages } = await again.call('GET', `/api/sessions/${id}/messages`)
    const [question, answer] = messages.items
    expect(question.content).toBe('Tell me a story')
    expect(answer.status).toMatch(/failed|aborted/)
    expect(answer.content).toContain('eleven')
    expect(await again.ask(id, 'What did I just say?')).toContain('“Tell me a story”')
    await after.stop()
  })

  it('does not start without its store, and says why', async () => {
    await expect(startChat({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(/ECONNREFUSED/)
  })
})
