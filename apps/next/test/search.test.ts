import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat, type Visitor } from './chat.js'

let chat: Chat
let visitor: Visitor
beforeAll(async () => {
  chat = await startChat()
  visitor = chat.visitor()
})
afterAll(() => chat?.stop())

interface Marked {
  readonly text: string
  readonly marks: readonly (readonly [number, number])[]
}

interface Found {
  readonly id: string
  readonly title?: string
  readonly marked?: Marked
  readonly snippet?: Marked
}

const page = async (query: string, cursor = '') =>
  (await visitor.call(
    'GET',
    `/api/chat/search?${new URLSearchParams({ q: query, ...(cursor && { cursor }) })}`,
  )) as {
    sessions: Found[]
    cursor?: string
    complete: boolean
  }
const search = async (query: string) => (await page(query)).sessions
const found = ({ text, marks }: Marked) => marks.map(([from, to]) => text.slice(from, to))

describe('searching', () => {
  it('finds by words of titles, and of what was said, in any case and form, and says where', async () => {
    const titled = await visitor.begin({ title: 'Boats and SCHOONERS' })
    const said = await visitor.begin()
    await visitor.ask(said, 'Tell me a story about a red balloon over Zürich')

    const [boats] = await search('schooners')
    expect(boats).toMatchObject({ id: titled, title: 'Boats and SCHOONERS' })
    expect(found(boats!.marked!)).toEqual(['SCHOONERS'])
    expect(boats).not.toHaveProperty('snippet')
    const [balloon, ...others] = await search('BALLOONS zurich')
    expect(others).toEqual([])
    expect(balloon!.id).toBe(said)
    expect(found(balloon!.snippet!)).toEqual(['balloon', 'Zürich'])
    expect(await search('conductor')).toEqual([expect.objectContaining({ id: said })])
    // While it is typed, the last word is the beginning of one.
    expect(await search('ballo')).toEqual([expect.objectContaining({ id: said })])
    expect(await search('balloon schooners')).toEqual([])
    for (const empty of ['   ', '.*', '\\', '']) expect(await search(empty)).toEqual([])
  })

  it('does not find what was deleted or rewound away', async () => {
    const id = await visitor.begin()
    await visitor.ask(id, 'A word that is quite singular: xylophagous')
    expect(await search('xylophagous')).toHaveLength(1)
    await visitor.call('POST', `/api/sessions/${id}/rewind`, { toSeq: 0 })
    await visitor.call('PATCH', `/api/sessions/${id}`, { title: 'Other' })
    expect(await search('xylophagous')).toEqual([])
    const gone = await visitor.begin({ title: 'Ephemeral' })
    await visitor.call('DELETE', `/api/sessions/${gone}`)
    expect(await search('ephemeral')).toEqual([])
  })

  it('refuses a query of unreasonable length', async () => {
    const { status, body } = await visitor.send('GET', `/api/chat/search?q=${'a'.repeat(201)}`)
    expect([status, body['code'], body['path']]).toEqual([400, 'invalid', 'q'])
  })

  it('shows a page at a time, each session once, and nothing of others', async () => {
    const ids = await Promise.all(
      Array.from({ length: 30 }, () => visitor.begin({ title: 'Many of a kind' })),
    )
    await chat.visitor().begin({ title: 'Many of another' })
    const first = await page('many')
    expect([first.sessions.length, first.complete]).toEqual([20, true])
    const second = await page('many', first.cursor)
    expect(second.cursor).toBeUndefined()
    expect([...first.sessions, ...second.sessions].map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    const wrong = await visitor.send('GET', `/api/chat/search?q=kind&cursor=${first.cursor}`)
    expect([wrong.status, wrong.body['path']]).toEqual([400, 'cursor'])
  })
})

describe('the catalogue', () => {
  it('is there for the panel to show', async () => {
    const { products } = await visitor.call('GET', '/api/chat/catalogue')
    expect(products.length).toBeGreaterThan(20)
    expect(products[0]).toEqual({
      sku: expect.any(String),
      name: expect.any(String),
      category: expect.any(String),
      description: expect.any(String),
      words: expect.any(Array),
      price: { amount: expect.any(Number), currency: 'EUR' },
    })
  })
})
