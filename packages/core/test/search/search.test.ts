import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { encryptedStore, sealedTerms, staticKeyring } from '../../src/sealed.js'
import type { FoundMessage, SearchOptions } from '../../src/search.js'
import { processClock } from '../../src/time.js'
import { admin, alice, anonymous, bob, codeOf, elsewhere, service } from '../service.js'
import { listIndex } from './list-index.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const said = (content: string) => ({ role: 'user' as const, content })
const key = (fill: number) => new Uint8Array(32).fill(fill)

function sealed(store: SessionStore): SessionStore {
  const keyring = staticKeyring({ current: 'k', keys: { k: key(1) } })
  return encryptedStore(store, { keyring, indexKey: key(2) })
}

/** The ways in which a service may search: what they find is the same. */
const ways: readonly (readonly [string, () => SessionsOptions])[] = [
  ['by reading', () => ({ credentialSecrets })],
  ['by reading an encrypted store', () => ({ credentialSecrets, store: sealed(memoryStore()) })],
  ['by an index', () => ({ credentialSecrets, search: { index: listIndex() } })],
  [
    'by an index of sealed terms',
    () => ({
      credentialSecrets,
      store: sealed(memoryStore()),
      search: { index: listIndex(), terms: sealedTerms(key(3)) },
    }),
  ],
]

const marked = ({ excerpt: { text, marks } }: FoundMessage) => marks.map(([from, to]) => text.slice(from, to))

describe.each(ways)('a search %s', (way, options) => {
  const hasPrefixes = !way.includes('sealed terms')

  async function sessions() {
    const made = service(options())
    await made.sweep({ tenants: ['acme', 'other'] })
    return made
  }

  it('finds what has all words, in any of their forms, and marks them', async () => {
    const mine = (await sessions()).for(alice)
    const phone = await mine.create()
    await phone.append([
      said('I want two blue phones for my daughters'),
      { role: 'assistant', content: 'Blue it is: which phone?' },
      said('The red one'),
    ])
    await (await mine.create()).append(said('A blue bag'))
    const { items, complete, cursor } = await mine.search({ text: 'phones blue' })
    expect(items.map(({ seq, role }) => [seq, role])).toEqual([
      [2, 'assistant'],
      [1, 'user'],
    ])
    expect(items[1]).toMatchObject({
      sessionId: phone.id,
      excerpt: { text: 'I want two blue phones for my daughters' },
    })
    expect(items.map(marked)).toEqual([
      ['Blue', 'phone'],
      ['blue', 'phones'],
    ])
    expect([complete, cursor]).toEqual([true, undefined])
    expect((await mine.search({ text: 'blue', roles: ['assistant'] })).items).toHaveLength(1)
    expect((await mine.search({ text: 'blue', sessionId: phone.id })).items).toHaveLength(2)
    expect((await mine.search({ text: 'green' })).items).toEqual([])
  })

  it('finds in each language what its readers look for', async () => {
    const mine = (await sessions()).for(alice)
    const texts: readonly (readonly [text: string, finds: readonly string[], misses: readonly string[]])[] = [
      ['我想买一部便宜的智能手机', ['智能手机', '手机', '便宜', '买'], ['电脑']],
      ['安いスマートフォンを探しています。東京駅の近く', ['スマートフォン', '安い', '東京', '駅'], ['大阪']],
      ['저는 스마트폰을 사고 싶어요', ['스마트폰', '스마트폰은'], ['노트북']],
      ['أريد شراء الهاتف الجديد والكتاب', ['هاتف', 'كتاب', 'الكتاب'], ['سيارة']],
      [
        'Мне нужен новый телефон и красная сумка',
        ['телефона', 'красной', 'сумку', 'новые телефоны'],
        ['ноутбук'],
      ],
      ['İSTANBUL için ucuz bir telefon', ['istanbul', 'İstanbul', 'TELEFON', 'ucuz'], ['ankara']],
      ['ｶﾞﾗｽのﾃﾞﾝﾜを買う', ['ガラス', 'ｶﾞﾗｽ', 'デンワ', 'ﾃﾞﾝﾜ'], ['カラス']],
      ['ドアのカギ', ['ﾄﾞｱ', 'ｶｷﾞ'], ['ﾄｱ']],
      ['یک خودروی کوچک قدیمی', ['كوچك', 'کوچک', 'قديمي', 'قدیمی'], ['خانه']],
      ['Où est le café de Zürich?', ['cafe', 'zurich', 'ZÜRICH'], ['berne']],
    ]
    for (const [text] of texts) await (await mine.create()).append(said(text))
    for (const [text, finds, misses] of texts) {
      for (const query of finds) {
        const { items } = await mine.search({ text: query })
        expect(
          items.map(({ excerpt }) => excerpt.text),
          query,
        ).toEqual([text])
        expect(marked(items[0]!).length, query).toBeGreaterThan(0)
      }
      for (const query of misses) expect((await mine.search({ text: query })).items, query).toEqual([])
    }
    const inflected = await mine.search({ text: 'smart' })
    expect(inflected.items).toEqual([])
    expect((await mine.search({ text: 'telef' })).items).toHaveLength(hasPrefixes ? 1 : 0)
    expect((await mine.search({ text: 'telef ' })).items).toEqual([])
  })

  it('never shows a caller what belongs to another caller, and counts nothing of it', async () => {
    const made = await sessions()
    const theirs = { acme: [alice, bob], other: [elsewhere] }
    for (const who of Object.values(theirs).flat())
      await (await made.for(who).create()).append(said('secret word'))
    await (await made.for(anonymous).create()).append(said('secret word'))
    for (const who of [alice, bob, elsewhere]) {
      const { items } = await made.for(who).search({ text: 'secret' })
      expect(items).toHaveLength(1)
      expect((await made.for(who).searchSessions({ text: 'secret' })).items).toMatchObject([
        { count: 1, session: { tenantId: who.tenantId, userId: who.userId } },
      ])
    }
    expect(await made.for(anonymous).search({ text: 'secret' })).toEqual({ items: [], complete: true })
    expect((await made.for(admin).search({ text: 'secret' })).items).toHaveLength(3)
    expect((await made.for(admin).search({ text: 'secret', userId: 'bob' })).items).toHaveLength(1)
    const [ofBob] = (await made.for(bob).search({ text: 'secret' })).items
    expect((await made.for(alice).search({ text: 'secret', sessionId: ofBob!.sessionId })).items).toEqual([])
    expect((await made.for(alice).search({ text: 'secret', userId: 'bob' })).items).toHaveLength(1)
  })

  it('shows each message once over its pages, and takes no cursor of another search', async () => {
    const mine = (await sessions()).for(alice)
    for (let n = 0; n < 4; n++) {
      const session = await mine.create()
      await session.append(Array.from({ length: 6 }, (_, at) => said(`word ${n} ${at}`)))
    }
    for (const order of ['new', 'rank'] as const) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await mine.search({ text: 'word', limit: 5, order, ...(cursor && { cursor }) })
        seen.push(...page.items.map(({ excerpt }) => excerpt.text))
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(new Set(seen).size).toBe(24)
      expect(seen).toHaveLength(24)
    }
    const { cursor } = await mine.search({ text: 'word', limit: 5 })
    for (const other of [
      { text: 'words 1' },
      { text: 'word', order: 'rank' },
      { text: 'word', from: 1 },
    ] as const)
      expect(await codeOf(mine.search({ ...other, cursor: cursor! }))).toBe('invalid')
    expect(await codeOf(mine.searchSessions({ text: 'word', cursor: cursor! }))).toBe('invalid')
    const first = await mine.searchSessions({ text: 'word', limit: 3 })
    const rest = await mine.searchSessions({ text: 'word', limit: 3, cursor: first.cursor! })
    expect(new Set([...first.items, ...rest.items].map(({ session }) => session.id)).size).toBe(4)
    expect(rest.cursor).toBeUndefined()
    expect(first.items.every(({ count }) => count === 6)).toBe(true)
  })

  it('finds sessions by their titles, too, as they are now, and marks the words', async () => {
    const made = await sessions()
    const mine = made.for(alice)
    const boats = await mine.create({ title: 'Boats and HARBOURS' })
    await boats.append(said('a mast'))
    // Sessions of one millisecond have no order.
    await expect.poll(() => processClock(), { interval: 1 }).toBeGreaterThan(boats.record.createdAt)
    const both = await mine.create({ title: 'The harbour café' })
    await both.append([said('nothing of it'), said('two harbours'), said('one harbour')])
    await (await made.for(bob).create({ title: 'Harbours of others' })).append(said('a harbour'))
    const found = async (text: string, options: Partial<SearchOptions> = {}) =>
      (await mine.searchSessions({ text, ...options })).items.map(
        ({ session, count, best, title }) =>
          `${session.id === boats.id ? 'boats' : 'both'} ${count} ${best?.seq ?? '-'} ${title?.marks.map(([from, to]) => title.text.slice(from, to)).join('+') ?? '-'}`,
      )
    expect(await found('harbours ')).toEqual(['both 2 3 harbour', 'boats 0 - HARBOURS'])
    expect((await found('harbours ', { order: 'rank' })).toSorted()).toEqual([
      'boats 0 - HARBOURS',
      'both 2 3 harbour',
    ])
    expect(await found('harbour boat')).toEqual(['boats 0 - Boats+HARBOURS'])
    expect(await found('CAFE')).toEqual(['both 0 - café'])
    // All words have to be in one place.
    expect(await found('boats mast')).toEqual([])
    expect(await found('harbours ', { roles: ['user'] })).toEqual(['both 2 3 -'])
    expect(await found('boats', { to: boats.record.createdAt })).toEqual([])
    expect((await mine.search({ text: 'boats' })).items).toEqual([])
    expect((await made.for(admin).searchSessions({ text: 'harbours ' })).items).toHaveLength(3)

    await boats.edit({ title: 'Ships' })
    expect([await found('boats'), await found('ships')]).toEqual([[], ['boats 0 - Ships']])
    await boats.edit({ title: '' })
    expect(await found('ships')).toEqual([])
    await mine.delete(both.id)
    expect(await found('harbours ')).toEqual([])
  })

  it('shows each session once over its pages, and those that only have a title', async () => {
    const mine = (await sessions()).for(alice)
    for (let n = 0; n < 7; n++) {
      const session = await mine.create({ title: n % 2 === 0 ? `Word ${n}` : 'Other' })
      if (n % 3 !== 0) await session.append(Array.from({ length: 5 }, (_, at) => said(`word ${n} ${at}`)))
    }
    for (const order of ['new', 'rank'] as const) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await mine.searchSessions({ text: 'word', limit: 2, order, ...(cursor && { cursor }) })
        seen.push(...page.items.map(({ session }) => session.id))
        cursor = page.cursor
      } while (cursor !== undefined)
      // The fourth has neither.
      expect(seen).toHaveLength(6)
      expect(new Set(seen).size).toBe(6)
    }
  })

  it('follows what happens to a message: redacted, amended, left by a branch, gone with its session', async () => {
    const made = await sessions()
    const mine = made.for(alice)
    const session = await mine.create()
    await session.append([said('apple'), said('banana'), said('cherry'), said('damson')])
    const found = async (text: string) => (await mine.search({ text })).items.length
    expect(await found('apple')).toBe(1)
    await session.amend(1, { content: 'orange' })
    expect([await found('apple'), await found('orange')]).toEqual([0, 1])
    await session.redact(2)
    expect(await found('banana')).toBe(0)
    await session.rewind(3)
    expect([await found('cherry'), await found('damson')]).toEqual([1, 0])
    await mine.delete(session.id)
    expect(await found('orange')).toBe(0)
  })

  it('finds words that say nothing, when there are no others', async () => {
    const mine = (await sessions()).for(alice)
    await (await mine.create()).append([said('What is it?'), said('Whatever')])
    expect((await mine.search({ text: 'what is' })).items.map(marked)).toEqual([['What', 'is']])
    expect(await mine.search({ text: '?! 🎉' })).toEqual({ items: [], complete: true })
  })

  it('finds what was said before its session had an owner', async () => {
    const made = await sessions()
    const guest = await made.for(anonymous).create()
    await guest.append(said('a lamp'))
    const held = await made.for(alice).findByCredential(await guest.credential())
    await held!.bind()
    expect((await made.for(alice).search({ text: 'lamp' })).items).toMatchObject([{ sessionId: guest.id }])
  })
})

describe('a search', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ text: 'a'.repeat(501) }, 'text'],
    [{ text: 7 }, 'text'],
    [{}, 'text'],
    [{ text: 'a', roles: ['robot'] }, 'roles[0]'],
    [{ text: 'a', from: 5, to: 5 }, 'to'],
    [{ text: 'a', from: 0.5 }, 'from'],
    [{ text: 'a', limit: 101 }, 'limit'],
    [{ text: 'a', order: 'old' }, 'order'],
    [{ text: 'a', query: 'b' }, 'query'],
    [{ text: 'a', cursor: 'AAAA' }, 'cursor'],
    [{ text: 'a', sessionId: '' }, 'sessionId'],
  ])('of %j is refused', async (options, path) => {
    const mine = service({ credentialSecrets }).for(alice)
    await (await mine.create()).append(said('a b'))
    const asked = mine.search({
      ...options,
      ...(options['cursor'] === undefined ? {} : { text: 'lamp' }),
    } as never)
    await expect(asked).rejects.toMatchObject({ code: 'invalid', path })
  })

  it('by reading goes on where a page has read enough', async () => {
    const mine = service({ credentialSecrets }).for(alice)
    const session = await mine.create()
    await session.append(said('the needle'))
    for (let n = 0; n < 6; n++)
      await session.append(Array.from({ length: 1000 }, (_, at) => said(`hay ${at}`)))
    const first = await mine.search({ text: 'needle' })
    expect(first).toMatchObject({ items: [], complete: true, cursor: expect.any(String) as string })
    const second = await mine.search({ text: 'needle', cursor: first.cursor! })
    expect(second.items).toMatchObject([{ seq: 1 }])
    // In another order it puts the newest alone, and says so.
    expect(await mine.search({ text: 'needle', order: 'rank' })).toMatchObject({ items: [], complete: false })
    // As sessions, too: each once, however many pages its messages take.
    await session.append(said('the needle once more'))
    await (await mine.create({ title: 'A needle' })).append(said('hay'))
    const seen: object[] = []
    let cursor: string | undefined
    do {
      const page = await mine.searchSessions({ text: 'needle', ...(cursor && { cursor }) })
      expect(page.complete).toBe(true)
      seen.push(...page.items)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(seen).toMatchObject([
      { count: 0, title: {} },
      { session: { id: session.id }, count: 1, best: { seq: 6002 } },
    ])
  })

  it('is for admins who may read, and on record', async () => {
    const audit = { secrets: ['a secret of the audit that is long enough'] }
    const made = service({ credentialSecrets, audit })
    await (await made.for(alice).create()).append(said('word'))
    await made.for({ ...admin, userId: 'eve' }).search({ text: 'word', userId: 'alice' })
    const entries: object[] = []
    for await (const entry of made.audit.list({ tenantId: 'acme' })) entries.push(entry)
    expect(entries).toMatchObject([{ action: 'admin.search', outcome: 'done' }])
    const closed = service({ credentialSecrets, adminReads: false })
    expect(await codeOf(closed.for(admin).search({ text: 'word' }))).toBe('forbidden')
    expect(await codeOf(closed.for(admin).searchSessions({ text: 'word', userId: 'alice' }))).toBe(
      'forbidden',
    )
  })

  it('puts first what says most of it', async () => {
    const mine = service({ credentialSecrets }).for(alice)
    await (
      await mine.create()
    ).append([said('tea tea tea'), said('tea, and many other things that are for breakfast'), said('coffee')])
    const ranked = await mine.search({ text: 'tea', order: 'rank' })
    expect(ranked.items.map(({ seq }) => seq)).toEqual([1, 2])
    expect((await mine.search({ text: 'tea' } satisfies SearchOptions)).items.map(({ seq }) => seq)).toEqual([
      2, 1,
    ])
  })

  it('shows the part of a long text where it found the words', async () => {
    const mine = service({ credentialSecrets }).for(alice)
    const long = `${'filler words here '.repeat(400)}the needle 🎉 is here ${'and more follows '.repeat(400)}`
    await (await mine.create()).append(said(long))
    const { items } = await mine.search({ text: 'needle' })
    expect(items[0]!.excerpt.text).toMatch(/^… .*the needle 🎉 is here and more.* …$/)
    expect(items[0]!.excerpt.text.length).toBeLessThan(220)
    expect(marked(items[0]!)).toEqual(['needle'])
  })
})
