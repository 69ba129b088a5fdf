import { describe, expect, it } from 'vitest'
import { memoryStore, type Sessions } from '../../src/index.js'
import type { SearchOptions } from '../../src/search.js'
import { admin, alice, service } from '../service.js'
import { changingStore } from '../changing-store.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const said = (content: string) => ({ role: 'user' as const, content })
const begin = Date.parse('2026-03-01T10:00:00Z')

/** A service whose store has a clock of its own. */
function place() {
  let now = begin
  const store = memoryStore({ clock: () => now })
  const sessions = service({ credentialSecrets, store })
  return { store, sessions, mine: sessions.for(alice), pass: (ms: number) => void (now += ms) }
}

/** The texts that a search finds, page by page. */
async function pages(sessions: Sessions, options: SearchOptions): Promise<string[][]> {
  const all: string[][] = []
  let cursor: string | undefined
  do {
    const page = await sessions.for(alice).search({ ...options, ...(cursor && { cursor }) })
    all.push(page.items.map(({ excerpt }) => excerpt.text))
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

describe('a search by reading', () => {
  it('comes to every session, the last active first, and each page to 200 of them', async () => {
    const { sessions, mine, pass } = place()
    for (let n = 0; n < 250; n++) {
      pass(60_000)
      await (
        await mine.create({ title: `Talk ${n}` })
      ).append(said(n === 3 ? 'the needle, word 3' : `word ${n}`))
    }
    const all = await pages(sessions, { text: 'word', limit: 100 })
    expect(all.map(({ length }) => length)).toEqual([100, 100, 50])
    const expected = Array.from({ length: 250 }, (_, n) =>
      249 - n === 3 ? 'the needle, word 3' : `word ${249 - n}`,
    )
    expect(all.flat()).toEqual(expected)
    expect(await pages(sessions, { text: 'needle' })).toEqual([[], ['the needle, word 3']])
    const titles: string[] = []
    let cursor: string | undefined
    do {
      const page = await mine.searchSessions({ text: 'talk', limit: 100, ...(cursor && { cursor }) })
      titles.push(...page.items.map(({ title }) => title!.text))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(titles).toEqual(Array.from({ length: 250 }, (_, n) => `Talk ${249 - n}`))
  })

  it('comes to every message of a session, the newest first, and goes on within it', async () => {
    const { sessions, mine } = place()
    const session = await mine.create()
    for (const from of [0, 300])
      await session.append(Array.from({ length: 300 }, (_, n) => said(`word ${from + n}`)))
    const all = await pages(sessions, { text: 'word', limit: 70 })
    expect(all.flat()).toEqual(Array.from({ length: 600 }, (_, n) => `word ${599 - n}`))
    await session.reset()
    await session.append(said('one more word'))
    expect(await pages(sessions, { text: 'word' })).toEqual([['one more word']])
  })

  it('finds what was said from a moment on, and before another', async () => {
    const { sessions, mine, pass } = place()
    const early = await mine.create({ title: 'Words of the morning' })
    for (const text of ['word 0', 'word 1', 'word 2', 'word 3']) {
      await early.append(said(text))
      pass(60_000)
    }
    const late = await mine.create({ title: 'Words of the noon' })
    await late.append(said('word 4'))
    const at = (minute: number) => begin + minute * 60_000
    const found = async (span: { from?: number; to?: number }) =>
      (await pages(sessions, { text: 'word', ...span }))
        .flat()
        .map((text) => text.at(-1))
        .join('')
    expect(await found({ from: at(1), to: at(3) })).toBe('21')
    expect(await found({ from: at(1) + 1, to: at(3) + 1 })).toBe('32')
    expect(await found({ from: at(3) })).toBe('43')
    expect(await found({ to: at(0) })).toBe('')
    expect(await found({ from: at(4) + 1 })).toBe('')
    const talks = async (span: { from?: number; to?: number }) =>
      (await mine.searchSessions({ text: 'words', ...span })).items.map(
        ({ count, title }) => `${title?.text} ${count}`,
      )
    expect(await talks({ from: at(0), to: at(1) })).toEqual(['Words of the morning 1'])
    expect(await talks({ from: at(0) + 1, to: at(4) })).toEqual(['undefined 3'])
    expect(await talks({ from: at(4), to: at(4) + 1 })).toEqual(['Words of the noon 1'])
  })

  it('passes over a session that goes while its messages are read', async () => {
    for (const id of ['long', 'short']) {
      const { store: shared } = place()
      const before = service({ credentialSecrets, store: shared }).for(alice)
      await (await before.open('short')).append(said('a word'))
      await (await before.open('long')).append(Array.from({ length: 120 }, () => said('a word')))
      let isGone = false
      // Only the messages of the long one come on their own.
      const { store, calls } = changingStore(shared, (call) => {
        if (isGone || calls[call - 1] !== 'read') return undefined
        isGone = true
        return shared.remove({ tenantId: 'acme', id })
      })
      const { items } = await service({ credentialSecrets, store })
        .for(alice)
        .search({ text: 'word', limit: 100 })
      expect([isGone, items.length], id).toEqual([true, id === 'long' ? 51 : 100])
    }
  })

  it('puts first the session that says most of it, and shows the best of it', async () => {
    const { mine } = place()
    const much = await mine.create()
    await much.append([
      said('tea, and much else that we have for breakfast'),
      said('tea tea tea'),
      said('some tea, perhaps'),
    ])
    const some = await mine.create()
    await some.append(said('tea'))
    const seqs = async (order: 'new' | 'rank') =>
      (await mine.searchSessions({ text: 'tea', order })).items.map(
        ({ session, best, count }) => `${session.id === much.id ? 'much' : 'some'} ${best?.seq} ${count}`,
      )
    expect(await seqs('rank')).toEqual(['much 2 3', 'some 1 1'])
    expect((await seqs('new')).toSorted()).toEqual(['much 3 3', 'some 1 1'])
  })

  it('is on record with the user and the session that it is about', async () => {
    const audit = { secrets: ['a secret of the audit that is long enough'] }
    const sessions = service({ credentialSecrets, audit })
    const mine = await sessions.for(alice).open('one')
    await mine.append(said('word'))
    const eve = sessions.for({ ...admin, userId: 'eve' })
    await eve.search({ text: 'word', userId: 'alice', sessionId: 'one' })
    await eve.search({ text: 'word' })
    await eve.search({ text: 'word', userId: 'eve' })
    await sessions.for(alice).search({ text: 'word' })
    const entries: string[] = []
    for await (const { action, subject, sessionId } of sessions.audit.list({ tenantId: 'acme' }))
      entries.push(`${action} ${subject === undefined ? 'all' : 'one user'} ${sessionId}`)
    expect(entries.filter((entry) => entry.startsWith('admin.search')).toSorted()).toEqual([
      'admin.search all undefined',
      'admin.search one user one',
    ])
  })
})

describe('an excerpt', () => {
  const excerpt = async (text: string, query: string) => {
    const { mine } = place()
    await (await mine.create()).append(said(text))
    const [found] = (await mine.search({ text: query })).items
    if (found === undefined) return undefined
    const { text: shown, marks } = found.excerpt
    return { shown, marked: marks.map(([from, to]) => shown.slice(from, to)) }
  }

  it.each<[text: string, query: string, marked: string[]]>([
    ['I want blue phones, a Blue one', 'phone blue', ['blue', 'phones', 'Blue']],
    ['我想买一部便宜的智能手机', '智能手机', ['智能手机']],
    ['我想买一部便宜的智能手机', '买', ['买']],
    ['我想买一部便宜的智能手机', '手机', ['手机']],
    ['安いスマートフォンを探しています', 'スマートフォン', ['スマートフォン']],
    ['저는 스마트폰을 사고 싶어요', '스마트폰', ['스마트폰을']],
    ['İSTANBUL için ucuz bir telefon', 'istanbul', ['İSTANBUL']],
    ['İSTANBUL için ucuz bir telefon', 'telef', ['telefon']],
    ["it's nine o'clock", "o'clock", ["o'clock"]],
    ['What is it? It is.', 'what is', ['What', 'is', 'is']],
  ])('of %j for %j marks %j', async (text, query, marked) => {
    expect(await excerpt(text, query)).toEqual({ shown: text, marked })
  })

  it('of a long text begins and ends near what it found, and begins with a whole word', async () => {
    const around = 'abcdefghi '.repeat(100)
    const { shown, marked } = (await excerpt(`${around}needle ${around}needle`, 'needle'))!
    expect(shown).toBe(`… ${'abcdefghi '.repeat(5)}needle ${'abcdefghi '.repeat(20)}`.slice(0, 202) + ' …')
    expect(marked).toEqual(['needle'])
    const first = (await excerpt(`a needle ${around}`, 'needle'))!
    expect(first).toEqual({ shown: `a needle ${around}`.slice(0, 200) + ' …', marked: ['needle'] })
    const last = (await excerpt(`${around}a needle`, 'needle'))!
    expect(last).toEqual({ shown: `… ${'abcdefghi '.repeat(5)}a needle`, marked: ['needle'] })
    const unspaced = (await excerpt(`${'-'.repeat(99)}${'🎉'.repeat(31)} needle`, 'needle'))!
    expect(unspaced).toEqual({ shown: `… needle`, marked: ['needle'] })
    const cut = (await excerpt(`${'-'.repeat(99)}${'🎉'.repeat(31)}-needle`, 'needle'))!
    expect(cut).toEqual({ shown: `… ${'🎉'.repeat(29)}-needle`, marked: ['needle'] })
  })

  it('is found in whatever piece of a long text its words are', async () => {
    const { mine } = place()
    for (const length of [4085, 4090, 4093, 4096]) {
      const session = await mine.create()
      await session.append(
        said(`${'ab '.repeat(2000).slice(0, length)} needle${length} ${'cd '.repeat(2000)}`),
      )
      expect((await mine.search({ text: `needle${length}` })).items, String(length)).toHaveLength(1)
    }
    const unspaced = await mine.create()
    await unspaced.append(said('手机'.repeat(3000)))
    expect((await mine.search({ text: '手机' })).items).toHaveLength(1)
  })
})
