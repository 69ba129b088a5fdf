import { expect, it } from 'vitest'
import { etagOf, isKnown, wantedState } from '../../src/http/etag.js'

const record = { revision: 12, changes: 345, createdAt: 1_700_000_000_000 }
const tag = etagOf(record)

it('a tag is of one state of one session', () => {
  expect(tag).toMatch(/^"12-345-[0-9a-z]+"$/)
  for (const other of [{ revision: 13 }, { changes: 346 }, { createdAt: record.createdAt + 1 }])
    expect(etagOf({ ...record, ...other })).not.toBe(tag)
  expect(etagOf({ ...record })).toBe(tag)
})

it('If-Match insists on one tag of ours, or on nothing', () => {
  // A proxy that compresses an answer weakens its tag, as nginx does, or says how it did, as Apache does.
  const gzip = `${tag.slice(0, -1)}-gzip"`
  for (const header of [tag, ` ${tag} `, `W/${tag}`, gzip, `W/${gzip}`, gzip.replace('gzip', 'br')])
    expect(wantedState(header)).toEqual({ revision: 12, changes: 345 })
  for (const header of [null, '*', ' * ']) expect(wantedState(header)).toBeUndefined()
  const [revision, changes, mark] = tag.slice(1, -1).split('-')
  for (const header of [
    '',
    'x',
    `w/${tag}`,
    `${tag.slice(0, -1)}-zip"`,
    `${tag}, ${tag}`,
    `x${tag}`,
    `${tag}x`,
    `"${revision}-${changes}"`,
    `"-${changes}-${mark}"`,
    `"${revision}--${mark}"`,
    `"${'1'.repeat(16)}-${changes}-${mark}"`,
    `"${revision}-${'1'.repeat(16)}-${mark}"`,
    `"${revision}-${changes}-${'a'.repeat(13)}"`,
    `"${revision}-${changes}-A"`,
  ])
    expect(() => wantedState(header), header).toThrow(
      expect.objectContaining({
        code: 'invalid',
        path: 'If-Match',
        message: 'If-Match must be one ETag of this session.',
      }) as Error,
    )
})

it('If-None-Match knows a tag among several, a weak one too', () => {
  const gzip = `${tag.slice(0, -1)}-gzip"`
  for (const header of [
    tag,
    `W/${tag}`,
    gzip,
    `"other", W/${gzip}`,
    `"other", ${tag}`,
    ` ${tag} ,"other"`,
    '*',
    '"other", *',
  ])
    expect(isKnown(header, tag), header).toBe(true)
  for (const header of [null, '', '"other"', `x${tag}`, `${tag}x`, `xW/${tag}`, `"other" ${tag}`])
    expect(isKnown(header, tag), String(header)).toBe(false)
})
