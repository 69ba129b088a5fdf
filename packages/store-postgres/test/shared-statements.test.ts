import { isSessionError, type SessionChange, type SessionRef } from '@sessions/core/store'
import { describe, expect, test } from 'vitest'
import { useServer } from './databases.js'
import { message, NotedStore } from './noted-store.js'

const noted = new NotedStore(useServer())

const codeOf = (error: unknown): string => {
  if (!isSessionError(error)) throw error
  return error.code
}

describe('appends that come at once', () => {
  const hour = 3_600_000

  async function made(...ids: (string | number)[]): Promise<SessionRef[]> {
    const refs = ids.map((id) => noted.ref(id))
    for (const ref of refs)
      await noted.append(ref, ['m0'], { revision: 0, userId: 'alice', incarnation: 'first' })
    noted.rest()
    return refs
  }

  test('go by themselves for the first, and by one statement for the others', async () => {
    noted.begin()
    const [first, ...refs] = await made(0, 1, 2, 3)
    const done = await Promise.all([
      noted.append(first!, ['a']),
      noted.append(refs[0]!, ['b1', 'b2'], { idleMs: hour, maxSeq: 4, maxBytes: 1000 }),
      noted.append(refs[0]!, ['b3'], { idleMs: hour, maxSeq: 4, maxBytes: 1000 }),
      noted.append(refs[1]!, [], { absoluteMs: hour, incarnation: 'first' }),
      noted.append(refs[2]!, ['c'], { ownedBy: 'alice' }),
      noted.append(refs[2]!, ['d'], { ownedBy: 'alice' }),
    ])
    expect(noted.verbs).toEqual(['append_one', 'append_many'])
    const bytes = 'payload of m0'.length
    expect(done.map(({ record: { lastSeq, changes, bytes } }) => [lastSeq, changes, bytes])).toEqual([
      [2, 2, bytes + 12],
      [3, 2, bytes + 26],
      [4, 3, bytes + 39],
      [1, 2, bytes],
      [2, 2, bytes + 12],
      [3, 3, bytes + 24],
    ])
    expect(done.map(({ messages }) => messages.map(({ id, seq, inserted }) => [id, seq, inserted]))).toEqual([
      [['a', 2, true]],
      [
        ['b1', 2, true],
        ['b2', 3, true],
      ],
      [['b3', 4, true]],
      [],
      [['c', 2, true]],
      [['d', 3, true]],
    ])
    const { createdAt, updatedAt } = done[3].record
    expect(done[1].record.expiresAt).toBe(done[1].record.updatedAt + hour)
    expect(done[3].record.expiresAt).toBe(createdAt + hour)
    expect(updatedAt).toBeGreaterThanOrEqual(createdAt)
    for (const [ref, { record }] of [
      [first!, done[0]],
      [refs[0]!, done[2]],
      [refs[1]!, done[3]],
      [refs[2]!, done[5]],
    ] as const) {
      const stored = (await noted.store.read(ref, { tail: 9 }))!
      expect(stored.record).toEqual(record)
      expect(stored.messages.every(({ id, payload }) => payload === `payload of ${id}`)).toBe(true)
    }
  })

  test('that are refused take no other along, and are told why', async () => {
    noted.begin()
    const [first, good, ...refs] = await made(0, 'good', 1, 2, 3, 4, 5)
    await noted.store.commit(refs[4]!, { idleMs: 0 })
    noted.rest()
    const began = [
      noted.append(first!, ['a']),
      noted.append(refs[0]!, ['x'], { incarnation: 'other' }),
      noted.append(refs[1]!, ['x'], { ownedBy: 'bob' }),
      noted.append(refs[2]!, ['x'], { maxSeq: 1 }),
      noted.append(refs[3]!, ['x'], { maxBytes: 20 }),
      noted.append(refs[4]!, ['x']),
      noted.append(noted.ref('none'), ['x']),
      noted.append(good!, ['b']),
    ]
    const outcomes = await Promise.all(began.map((call) => call.then(({ record }) => record.lastSeq, codeOf)))
    expect(outcomes).toEqual([
      2,
      'not_found',
      'not_found',
      'limit_reached',
      'too_large',
      'not_found',
      'not_found',
      2,
    ])
    // The one that was taken is not tried again.
    expect(noted.verbs.slice(0, 2)).toEqual(['append_one', 'append_many'])
    expect(noted.verbs.filter((verb) => verb === 'append_one')).toHaveLength(7)
    for (const ref of refs.slice(0, 4)) expect((await noted.store.read(ref))?.record.changes).toBe(1)
  })

  test('with other terms, or an id that another one has, do not share it', async () => {
    noted.begin()
    const terms: readonly [SessionChange, SessionChange][] = [
      [{ idleMs: hour }, { idleMs: 2 * hour }],
      [{ absoluteMs: hour }, {}],
      [{ incarnation: 'first' }, {}],
      [{ ownedBy: 'alice' }, {}],
      [{ maxSeq: 9 }, { maxSeq: 10 }],
      [{ maxBytes: 999 }, { maxBytes: 1000 }],
    ]
    const [first, ...refs] = await made(0, 1, 2, 3, 4, 5, 6, 7)
    for (const [index, [one, other]] of terms.entries()) {
      noted.rest()
      const ref = refs[index]!
      const done = await Promise.all([
        noted.append(first!, [`of ${index}`]),
        noted.append(ref, ['a'], one),
        noted.append(ref, ['b'], other),
      ])
      expect(done.map(({ record }) => record.lastSeq).slice(1)).toEqual([2, 3])
      expect(noted.verbs, Object.keys(one)[0]).toEqual(['append_one', 'append_one', 'append_one'])
    }
    noted.rest()
    const [, one, other] = await Promise.all([
      noted.append(first!, ['beside']),
      noted.append(refs[6]!, ['a']),
      noted.append(refs[6]!, ['a']),
    ])
    expect([one, other].map(({ messages }) => messages[0])).toMatchObject([
      { seq: 2, inserted: true },
      { seq: 2, inserted: false },
    ])
    expect(noted.verbs).not.toContain('append_many')
  })

  test('are 64 in one statement at most, and one MiB of text', async () => {
    noted.begin()
    const [first, ref, other] = await made(0, 1, 2)
    const many = Array.from({ length: 66 }, (_, n) => noted.append(ref!, [`n${n}`]))
    const seqs = (await Promise.all(many)).map(({ messages }) => messages[0]!.seq)
    expect(seqs).toEqual(Array.from({ length: 66 }, (_, n) => n + 2))
    expect(noted.verbs).toEqual(['append_one', 'append_many', 'append_one'])
    const half = 512 * 1024
    for (const [one, two, verbs] of [
      [half, half, ['append_one', 'append_many']],
      [half, half + 1, ['append_one', 'append_one', 'append_one']],
      [3 * half, 1, ['append_one', 'append_one', 'append_one']],
    ] as const) {
      noted.rest()
      await Promise.all([
        noted.append(first!, [`${one} ${two}`]),
        noted.store.commit(ref!, { messages: [message(`${one}`, 'x'.repeat(one))] }).catch(() => {}),
        noted.store.commit(other!, { messages: [message(`${two}`, 'x'.repeat(two))] }),
      ])
      expect(noted.verbs, `${one} and ${two}`).toEqual(verbs)
      await noted.store.trim(ref!, 1000)
    }
  })

  test('fail alone where one finds a message that is there, or a row that it cannot read', async () => {
    noted.begin()
    const [first, good, known, broken] = await made(0, 1, 2, 3)
    const outcomes = async (...calls: (readonly [SessionRef, string])[]) => {
      noted.rest()
      const began = [
        noted.append(first!, [`first ${calls.length}`]),
        ...calls.map(([ref, id]) => noted.append(ref, [id])),
      ]
      const settled = await Promise.all(
        began.map((call) => call.then(({ messages }) => messages[0]!.inserted, codeOf)),
      )
      return settled.slice(1)
    }
    expect(await outcomes([known!, 'm0'], [good!, 'a'])).toEqual([false, true])
    expect(noted.verbs.filter((verb) => verb.startsWith('append'))).toEqual([
      'append_one',
      'append_many',
      'append_one',
      'append_one',
      'append',
    ])
    await noted.pool.query(`update llm_sessions set label = E'a\\x1fb' where tenant_id = $1 and id = $2`, [
      noted.tenantId,
      broken!.id,
    ])
    expect(await outcomes([broken!, 'a'], [broken!, 'b'], [good!, 'b'])).toEqual(['corrupt', 'corrupt', true])
    expect(noted.verbs).toEqual(['append_one', 'append_many'])
  })
})

describe('reads that come at once', () => {
  test('go by themselves for the first, and by one statement for up to 32 others', async () => {
    noted.begin()
    const refs = Array.from({ length: 34 }, (_, n) => noted.ref(n))
    for (const ref of refs.slice(1))
      await noted.append(ref, ['m1', 'm2', 'm3'], { revision: 0, body: ref.id })
    noted.rest()
    const reads = await Promise.all(refs.map((ref, n) => noted.store.read(ref, { tail: n % 5 })))
    expect(noted.verbs).toEqual(['read', 'read_many', 'read_tail'])
    expect(reads[0]).toBeUndefined()
    for (const [n, stored] of reads.entries()) {
      if (n === 0) continue
      expect([stored?.record.id, stored?.body]).toEqual([refs[n]!.id, refs[n]!.id])
      const newest = ['m1', 'm2', 'm3'].slice(Math.max(0, 3 - (n % 5)))
      expect(stored?.messages.map(({ id }) => id)).toEqual(newest.slice(n % 5 === 0 ? 3 : 0))
    }
  })

  test('are no larger than a page together: what does not fit is read alone', async () => {
    noted.begin()
    const long = message('long', 'x'.repeat(1_500_000))
    for (const n of [1, 2])
      await noted.store.commit(noted.ref(n), { revision: 0, messages: [long, message('m2')] })
    noted.rest()
    const reads = await Promise.all([0, 1, 2].map((n) => noted.store.read(noted.ref(n), { tail: 2 })))
    expect(reads.map((stored) => stored?.messages.map(({ id }) => id))).toEqual([
      undefined,
      ['long', 'm2'],
      ['long', 'm2'],
    ])
    expect(noted.verbs).toEqual(['read_tail', 'read_many'])
    noted.rest()
    await Promise.all([0, 1, 2, 1].map((n) => noted.store.read(noted.ref(n), { tail: 2 })))
    expect(noted.verbs).toEqual(['read_tail', 'read_many', 'read_tail', 'read_tail', 'read_tail'])
  })
})
