import { expect, test } from 'vitest'
import { useFiles } from './files.js'
import { message, NotedStore, whole } from './noted-store.js'

const path = useFiles()()
const noted = await NotedStore.open(path)
const known = whole('touchKnown', 'insertMessage')
const read = whole('find', 'insertMessage', 'touchSession')

let count = 0
const append = (id: string, tenantId = noted.tenantId) =>
  noted.of(() => noted.store.commit({ tenantId, id }, { messages: [message(`m${++count}`)] }))
const create = (id: string, tenantId = noted.tenantId, more = {}) =>
  noted.store.commit({ tenantId, id }, { revision: 0, messages: [message('m')], ...more })

test('a session is known by its tenant and its id, and by nothing that is put together from them', async () => {
  await noted.begin()
  const names = [
    ['a', 'bc'],
    ['ab', 'c'],
    ['1:a', 'b'],
    ['1', ':ab'],
  ] as const
  for (const [tenant, id] of names) await create(id, tenant, { label: tenant })
  for (const [tenant, id] of names) {
    expect(await append(id, tenant)).toEqual(known)
    const { record, messages } = (await noted.store.read({ tenantId: tenant, id }, { tail: 9 }))!
    expect([record.label, messages.length]).toEqual([tenant, 2])
  }
})

test('the last 1000 sessions are known, those that were used last', async () => {
  await noted.begin()
  for (let n = 1; n <= 1000; n++) await create(`s${n}`)
  expect(await append('s1')).toEqual(known)
  await create('s1001')
  expect(await append('s1'), 'used last').toEqual(known)
  expect(await append('s3')).toEqual(known)
  expect(await append('s2'), 'forgotten for the one that was new').toEqual(read)
  expect(await append('s2')).toEqual(known)
})

test('a session whose names are long is read each time', async () => {
  for (const [field, at] of [
    ['userId', 0],
    ['label', 0],
    ['title', 0],
    ['userId', 1],
  ] as const) {
    await noted.begin()
    const name = `${noted.tenantId.length}:${noted.tenantId}one`
    const text = 'x'.repeat(2000 - name.length + at)
    await create('one', noted.tenantId, { [field]: text })
    expect(await append('one'), `${field} ${at}`).toEqual(at === 0 ? known : read)
    // It was known before it got the name.
    await create('two')
    await noted.store.commit({ tenantId: noted.tenantId, id: 'two' }, { [field]: text + 'x' })
    expect(await append('two'), field).toEqual(read)
  }
})

test('what a caller does to the record that it got changes nothing of what is known', async () => {
  await noted.begin()
  const lifetime = { idleMs: 3_600_000 }
  const { record } = await create('one', noted.tenantId, { lifetime, label: 'mine' })
  Object.assign(record, { lastSeq: 7, label: 'theirs', changes: 1 })
  // So little that the session ends in the same minute: another one would be read.
  Object.assign(record.lifetime!, { idleMs: 3_600_001 })
  const { record: next, messages } = await noted.store.commit(
    { tenantId: noted.tenantId, id: 'one' },
    { messages: [message('next')] },
  )
  expect(messages).toMatchObject([{ seq: 2 }])
  expect(next).toMatchObject({ lastSeq: 2, label: 'mine', lifetime: { idleMs: 3_600_000 } })
})
