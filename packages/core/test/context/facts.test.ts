import { describe, expect, it } from 'vitest'
import { buildContext } from '../../src/context/build-context.js'
import { extractFacts, facts, mergeFacts } from '../../src/context/facts.js'
import type { Fact } from '../../src/domain/session-body.js'
import { log } from './histories.js'

const fact = (id: string, text: string, subject?: string): Fact => ({
  id,
  text,
  at: 0,
  ...(subject === undefined ? {} : { subject }),
})

describe('mergeFacts', () => {
  it('puts the newer fact on a subject in place of the older', () => {
    const merged = mergeFacts(
      [fact('1', 'Lives in Rome', 'home'), fact('2', 'Has a dog')],
      [fact('3', 'Lives in Bonn', 'Home')],
    )
    expect(merged.map(({ id }) => id)).toEqual(['2', '3'])
  })

  it('says nothing twice, whatever the case and the stops', () => {
    const merged = mergeFacts(
      [fact('1', 'Has a dog.'), fact('2', 'Is vegan', 'diet')],
      [fact('3', 'has a  dog'), fact('4', 'Is vegan!')],
    )
    expect(merged.map(({ id }) => id)).toEqual(['3', '4'])
  })
})

describe('what counts as the same', () => {
  const kept = (...facts: readonly Parameters<typeof fact>[]) =>
    mergeFacts(
      [],
      facts.map((one) => fact(...one)),
    ).map(({ id }) => id)

  it('is a subject however its letters are put together', () => {
    expect(kept(['1', 'Espresso', 'caf\u00e9'], ['2', 'Mocha', 'Cafe\u0301'])).toEqual(['2'])
  })

  it('is no text with another sign that tells things apart', () => {
    expect(kept(['1', 'Writes C'], ['2', 'Writes C#'], ['3', 'Tips 5'], ['4', 'Tips 5%'])).toHaveLength(4)
  })
})

describe('extractFacts', () => {
  const from = (said: string) =>
    extractFacts(log(['user', said])[0]!).map(({ text, subject }) => [subject, text])

  it('takes what users say of themselves', () => {
    expect(from('Hi, my name is Ana.')).toEqual([['name', 'The user is called Ana']])
    expect(from("I'm allergic to peanuts and I live in Graz")).toEqual([
      ['allergy peanuts and I live in Graz', 'The user is allergic to peanuts and I live in Graz'],
      ['home', 'The user lives in Graz'],
    ])
    expect(from('Please remember that the gate code is 4711')).toEqual([[undefined, 'the gate code is 4711']])
    expect(from('What a nice day')).toEqual([])
  })

  it('takes nothing from an assistant', () => {
    expect(extractFacts(log(['assistant', 'My name is Bot'])[0]!)).toEqual([])
  })

  it('gives the same fact the same id', () => {
    const [message] = log(['user', 'Call me Ana'])
    expect(extractFacts(message!)).toEqual(extractFacts(message!))
  })
})

describe('facts', () => {
  const messages = log(['user', 'Hello'])
  const known = Array.from({ length: 20 }, (_, index) => fact(`f${index}`, `Likes thing number ${index}`))

  it('shows them to the model as the user, oldest first', () => {
    const built = buildContext({ messages, facts: known.slice(0, 2) }, { maxTokens: 1000, strategy: facts() })
    expect(built.messages[0]).toMatchObject({
      role: 'user',
      part: 'query',
      content: [
        { type: 'text', text: '[Known facts]\n- Likes thing number 0\n- Likes thing number 1' },
        { type: 'text', text: 'Hello' },
      ],
    })
    expect(built.report.kept.facts).toEqual(['f0', 'f1'])
  })

  it('keeps the newest when not all fit, and says which it left out', () => {
    const { report } = buildContext({ messages, facts: known }, { maxTokens: 60, strategy: facts() })
    expect(report.kept.facts.at(-1)).toBe('f19')
    expect(report.kept.facts.length).toBeLessThan(20)
    expect(new Set([...report.kept.facts, ...report.droppedFacts]).size).toBe(20)
  })
})
