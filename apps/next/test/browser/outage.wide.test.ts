import { freePort, type RedisServer, startRedis } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat } from '../chat.js'
import { answered, answers, composer, look, openDesk, questions, say, talk } from './desk.js'

let redis: RedisServer
let chat: Chat
let env: Record<string, string>
beforeAll(async () => {
  redis = await startRedis()
  env = { REDIS_URL: redis.url, PORT: String(await freePort()), CHAT_DELAY_MS: '80' }
  chat = await startChat(env)
})
afterAll(async () => {
  await chat?.stop()
  await redis?.stop()
})
const desk = openDesk({ chat: () => chat })

describe('a server that is killed in the middle of an answer', () => {
  it('is found again by the page, with all that was said', async () => {
    const page = await desk.device()
    await talk(page, 'My name is Ada')
    await say(page, 'Tell me a story')
    await answers(page).filter({ hasText: 'said the conductor' }).waitFor()
    await chat.stop('SIGKILL')
    await page.getByText('Connecting again').waitFor()
    await look(page, 'connecting')
    chat = await startChat(env)
    await page.getByText('Connecting again').waitFor({ state: 'detached' })
    // The answer has an end, for nobody writes it any more.
    const text = await answered(page, 2)
    expect(text).toContain('The night train')
    expect(text).toContain('The assistant broke off here.')
    await composer(page).fill('What do you know about me?')
    await composer(page).press('Enter')
    expect(await answered(page, 3)).toContain('Ada')
    expect(await questions(page).count()).toBe(3)
    const told = desk.faults.splice(0)
    expect(told.filter((fault) => !/net::ERR_|status of 50\d/.test(fault))).toEqual([])
  })
})
