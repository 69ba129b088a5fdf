import { type PostgresServer, startPostgres } from '@sessions/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat } from '../chat.js'
import { conversations, look, openDesk, talk } from './desk.js'

let postgres: PostgresServer
let chat: Chat
let client: pg.Client
const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')
beforeAll(async () => {
  postgres = await startPostgres()
  client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  const keys = { SESSIONS_KEY: key(1), SESSIONS_INDEX_KEY: key(2) }
  chat = await startChat({ DATABASE_URL: postgres.url, CHAT_DELAY_MS: '5', ...keys })
})
afterAll(async () => {
  await client?.end()
  await chat?.stop()
  await postgres?.stop()
})
const desk = openDesk({ chat: () => chat })

const about = (text: string): string => `About “${text}”`

describe('a search in Postgres', () => {
  it('finds by an index that has no readable word, and says when it does not answer', async () => {
    const page = await desk.device()
    await talk(page, 'Tell me of zeppelins')
    const search = page.getByRole('searchbox', { name: 'Search conversations' })
    await search.fill('zeppelin')
    await page.getByRole('heading', { name: about('zeppelin') }).waitFor()
    expect(await conversations(page).locator('mark').allInnerTexts()).toContain('zeppelins')
    const { rows } = await client.query<{ terms: string }>('select terms::text from llm_session_terms')
    expect(rows.length).toBeGreaterThan(1)
    expect(JSON.stringify(rows)).not.toMatch(/zeppelin/i)

    await client.query('alter table llm_session_terms rename to away')
    await search.fill('of zeppelins')
    await page.getByText('The search does not answer right now.').waitFor()
    await look(page, 'search-away')
    expect(
      await conversations(page)
        .getByRole('link', { name: /zeppelins/ })
        .count(),
    ).toBe(0)
    expect((await page.request.get('/api/chat/search?q=zeppelins')).status()).toBe(503)
    await client.query('alter table away rename to llm_session_terms')
    await search.fill('zeppelins')
    await page.getByRole('heading', { name: about('zeppelins') }).waitFor()
    // The browser tells of the 503 itself.
    expect(desk.faults.splice(0)).toEqual([expect.stringContaining('503')])
  })
})
