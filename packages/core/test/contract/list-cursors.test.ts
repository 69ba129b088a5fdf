import { describe, expect, it } from 'vitest'
import { createListCursors } from '../../src/store.js'
import { codeOf } from '../service.js'

const { toCursor, parseCursor } = createListCursors('test 1')
const refusalOf = (cursor: string) => codeOf((async () => parseCursor(cursor))())
const encoded = (text: string) => Buffer.from(text).toString('base64url')

describe('the cursors of a store', () => {
  it.each(['a', '', 'a"b\\c', 'é\u0000\n', '\ud800', '🦉'.repeat(100), '["x",1]'])(
    'lead back to where they were made: %j',
    (id) => {
      for (const activeAt of [0, 1_700_000_000_000, -5]) {
        const cursor = toCursor({ activeAt, id })
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
        expect(parseCursor(cursor)).toEqual({ activeAt, id })
      }
    },
  )

  it('are no cursors of another store, or of another layout', async () => {
    const cursor = toCursor({ activeAt: 1, id: 'a' })
    for (const mark of ['test 2', 'other 1', '']) {
      const other = createListCursors(mark)
      await expect((async () => other.parseCursor(cursor))()).rejects.toMatchObject({
        code: 'invalid',
        path: 'cursor',
      })
    }
  })

  it.each([
    '',
    '!',
    'null',
    `${toCursor({ activeAt: 1, id: 'a' })}=`,
    `${toCursor({ activeAt: 1, id: 'a' })}A`,
    toCursor({ activeAt: 1, id: 'a' }).slice(1),
    encoded('null'),
    encoded('7'),
    encoded('{}'),
    encoded('["test 1"]'),
    encoded('["test 1",1]'),
    encoded('["test 1","1","a"]'),
    encoded('["test 1",1.5,"a"]'),
    encoded('["test 1",1e300,"a"]'),
    encoded('["test 1",1,2]'),
    encoded('["test 1",1,"a",2]'),
    encoded('[ "test 1",1,"a"]'),
  ])('are nothing else: %j', async (cursor) => {
    expect(await refusalOf(cursor)).toBe('invalid')
  })
})
