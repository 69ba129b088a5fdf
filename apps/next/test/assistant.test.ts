import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chat, type Data, startChat, type Visitor } from './chat.js'

let chat: Chat
let visitor: Visitor
beforeAll(async () => {
  chat = await startChat()
  visitor = chat.visitor()
})
afterAll(() => chat?.stop())

/** The answers to these messages, in a session of their own. */
async function talk(...messages: string[]): Promise<{ id: string; answers: string[] }> {
  const id = await visitor.begin()
  const answers: string[] = []
  for (const message of messages) answers.push(await visitor.ask(id, message))
  return { id, answers }
}

const last = async (...messages: string[]): Promise<string> => (await talk(...messages)).answers.at(-1)!

describe('the local assistant', () => {
  it('knows what was said', async () => {
    expect(await last('Hi!', 'What did I just say?')).toContain('“Hi!”')
    expect(await last('Where is the sea?', 'hello', 'What did I ask first?')).toContain('“Where is the sea?”')
    expect(await last('What did I just say?')).toContain('first thing')
    expect(await last('Thanks!', 'What did you say?')).toMatch(/^I said: “.+”$/)
    expect(await last('one', 'two', 'Sum up')).toMatch(/“one”[^]*“two”/)
  })

  it('keeps what somebody likes, and heeds it', async () => {
    const { id, answers } = await talk(
      'My name is Ada and my budget is 15.',
      'I like tea and maps, but no dice',
      'I hate coffee',
      'What do you know about me?',
      'What do you sell?',
      'Hello',
    )
    expect(answers[3]).toBe(
      'I know that your name is **Ada**, your budget is **€15.00**, you like **tea and maps** and you do not like **coffee**.',
    )
    expect((await visitor.call('GET', `/api/sessions/${id}/preferences`))['preferences']).toEqual({
      name: 'Ada',
      budget: 15,
      likes: ['tea', 'maps'],
      dislikes: ['coffee'],
    })
    expect(answers[4]).toMatch(/1\. \*\*\S.*Tea|1\. \*\*.*Grey/)
    expect(answers[4]).not.toMatch(/coffee|espresso|€(1[6-9]|[2-9]\d)\./i)
    expect(answers[5]).toContain('**Ada**')
    expect(await visitor.ask(id, 'I like coffee after all')).toContain('you like **tea, maps and coffee')
    expect(await visitor.ask(id, 'Forget my budget')).toBe('I have forgotten your budget.')
    expect(await visitor.ask(id, 'Forget everything about me')).toContain('everything')
    expect((await visitor.call('GET', `/api/sessions/${id}/preferences`))['preferences']).toEqual({})
  })

  it('sells', async () => {
    const { id, answers } = await talk(
      'Do you have something warm under 20?',
      'Add the second one',
      'And put three Fox Cups into my cart',
      'Remove one fox cup',
      'Add a fox cup twice',
      'What is in my cart?',
      'Check out',
      'Check out',
      'What did I order?',
    )
    expect(answers[0]).toMatch(/1\. \*\*.+\n2\. \*\*/)
    expect(answers[2]).toContain('**3 × Fox Cup** are in your cart')
    expect(answers[5]).toContain('4 × Fox Cup, €72.00')
    expect(answers[6]).toMatch(/^Ordered! /)
    expect(answers[7]).toContain('empty')
    expect(answers[8]).toContain('4 × Fox Cup')
    expect((await visitor.call('GET', `/api/sessions/${id}/cart`))['cart'].items).toEqual([])
  })

  it('is up to what the page suggests to say', async () => {
    expect(await last('I need something warm for rainy evenings. What do you have?')).toContain('1. **')
    expect(await last('I am looking for a gift under 30 euros.')).toMatch(
      /^Up to €30\.00 I have:\n\n1\. \*\*/,
    )
    expect(await last('Please remember: I like tea, I dislike coffee, and my budget is 40 euros.')).toBe(
      'I will remember that your budget is **€40.00**, you like **tea** and you do not like **coffee**.',
    )
    expect(await last('What can you do for me?')).toContain('Find things')
  })

  it('calls its tools as a model does, for all who listen', async () => {
    const id = await visitor.begin()
    const { body } = await visitor.send('POST', `/api/sessions/${id}/message?stream=true`, {
      content: 'Add two Fox Cups',
    })
    const events = [...(body['text'] as string).matchAll(/event: (\S+)\ndata: (.*)/g)].map(
      ([, event, data]) => ({
        event,
        data: JSON.parse(data!) as Data,
      }),
    )
    const names = events.map(({ event }) => event)
    expect(names[0]).toBe('session.message.started')
    expect(names.at(-1)).toBe('response.completed')
    expect(names.indexOf('response.tool_call.arguments')).toBeLessThan(
      names.indexOf('response.tool_call.result'),
    )
    expect(names.indexOf('response.tool_call.result')).toBeLessThan(names.indexOf('response.text.delta'))
    const [called, given] = events.filter(({ event }) => event!.startsWith('response.tool_call'))
    expect(called!.data).toMatchObject({ name: 'add_to_cart', args: { sku: 'CUP-FOX', quantity: 2 } })
    expect(given!.data).toMatchObject({ isError: false, result: { added: 'Fox Cup', itemCount: 2 } })
  })

  it('tells a story about what it is asked for, of who listens and what is in their cart', async () => {
    const { answers } = await talk(
      'My name is Ida',
      'Add the Night Deck',
      'Tell me a story about a blue kite',
    )
    expect(answers[2]!.split(/\s+/).length).toBeGreaterThan(400)
    for (const part of ['blue kite', 'Ida', 'Night Deck']) expect(answers[2]).toContain(part)
  })

  it('says what it is, and what it cannot do', async () => {
    expect(await last('Are you a real model?')).toContain('no language model')
    expect(await last('What is the weather in Oslo?')).toContain('cannot')
    expect(await last('Mxyzptlk?')).toContain('“Mxyzptlk?”')
    expect(await last('Help')).toContain('Find things')
  })

  it('finds other words when it is asked again', async () => {
    const { id, answers } = await talk('Hello')
    await visitor.call('POST', `/api/sessions/${id}/rewind`, { toSeq: 0 })
    expect(await visitor.ask(id, 'Hello')).not.toBe(answers[0])
  })
})

describe('a title', () => {
  const titleAfter = async (content: string, body: object = {}): Promise<string | undefined> => {
    const id = await visitor.begin(body)
    await visitor.ask(id, content)
    return (await visitor.call('GET', `/api/sessions/${id}`))['session'].title as string | undefined
  }

  it('comes from the first message, as long as a list has room for', async () => {
    expect(await titleAfter('Hi! I look for a lamp. It should be small.')).toBe('I look for a lamp')
    expect(await titleAfter('a\n b  \t c')).toBe('a b c')
    const long = await titleAfter('Which of all the things that you sell would make my grandmother happy?')
    expect(long).toBe('Which of all the things that you sell would…')
    expect((await titleAfter('x'.repeat(300)))!.length).toBeLessThan(50)
  })

  it('is left alone where there is one', async () => {
    expect(await titleAfter('Hello you there', { title: 'Mine' })).toBe('Mine')
    const id = await visitor.begin()
    await visitor.ask(id, 'Something to read')
    await visitor.ask(id, 'Something to drink')
    expect((await visitor.call('GET', `/api/sessions/${id}`))['session'].title).toBe('Something to read')
  })
})
