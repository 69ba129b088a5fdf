import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, startChat, type Visitor } from './chat.js'

let chat: Chat
let visitor: Visitor
beforeAll(async () => {
  chat = await startChat()
  visitor = chat.visitor()
})
afterAll(() => chat?.stop())

const search = async (query: string) =>
  (await visitor.call('GET', `/api/chat/search?q=${encodeURIComponent(query)}`))['sessions'] as {
    id: string
    title?: string
    snippet?: string
  }[]

describe('searching', () => {
  it('finds what stands in a title, and what was said, in any case', async () => {
    const titled = await visitor.begin({ title: 'Boats and HARBOURS' })
    const said = await visitor.begin()
    await visitor.ask(said, 'Tell me a story about a red balloon over Zürich')

    expect(await search('harbours')).toEqual([expect.objectContaining({ id: titled })])
    const [found, ...others] = await search('BALLOON zürich')
    expect(others).toEqual([])
    expect(found!.id).toBe(said)
    expect(found!.snippet).toContain('balloon')
    expect(await search('conductor')).toEqual([expect.objectContaining({ id: said })])
    expect(await search('balloon harbours')).toEqual([])
    expect(await search('   ')).toEqual([])
  })

  it('takes signs for what they are', async () => {
    const id = await visitor.begin({ title: '100% (really) .* \\ [x]' })
    for (const query of ['100%', '(really)', '.*', '\\', '[x]']) {
      expect(await search(query)).toEqual([expect.objectContaining({ id })])
    }
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

  it('finds in a hundred sessions, and tells of twenty', async () => {
    await Promise.all(Array.from({ length: 30 }, () => visitor.begin({ title: 'Many of a kind' })))
    expect(await search('many kind')).toHaveLength(20)
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
