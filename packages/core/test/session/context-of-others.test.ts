import { describe, expect, it } from 'vitest'
import type { SessionWarning } from '../../src/index.js'
import { alice, service } from '../service.js'

describe('extractFacts of the application', () => {
  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no facts today')
      },
    ],
    ['is async', () => Promise.reject(new Error('no facts today'))],
    ['gives no list', () => ({ text: 'is rich' })],
    ['gives what is no fact', () => ['is rich']],
    ['gives a fact without a text', () => [{ subject: 'money' }]],
    ['gives a fact without an end', () => [{ text: 'x'.repeat(5000) }]],
  ])('costs a context the facts and nothing else when it %s', async (_, extractFacts) => {
    const warnings: SessionWarning[] = []
    const session = await service({
      context: { extractFacts: extractFacts as never },
      onWarning: (warning) => warnings.push(warning),
    })
      .for(alice)
      .create()
    await session.append([
      { role: 'user', content: 'One' },
      { role: 'user', content: 'Two' },
    ])
    const { messages } = await session.context({ maxTokens: 1000 })
    expect(messages.map(({ content }) => content)).toEqual(['One', 'Two'])
    expect(warnings).toMatchObject([{ code: 'facts_failed', cause: expect.any(Error) as Error }])
  })
})

it.each([
  ['include[0]', { include: ['carts'] }],
  ['include[1]', { include: ['cart', null] }],
])('refuses to include what there is not: %s', async (path, options) => {
  const mine = service().for(alice)
  const session = await mine.create()
  await expect(session.context({ maxTokens: 100, ...options } as never)).rejects.toMatchObject({
    code: 'invalid',
    path,
  })
  await expect(mine.fork(session, options as never)).rejects.toMatchObject({ code: 'invalid', path })
})
