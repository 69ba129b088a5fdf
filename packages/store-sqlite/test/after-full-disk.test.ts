import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { createSessions } from '@sessions/core'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { patient, useFiles } from './files.js'

const newPath = useFiles()
const alice = { tenantId: 'acme', userId: 'alice' }

const message = { role: 'user' as const, content: 'x'.repeat(100_000) }

async function chatIn(path: string) {
  const store = sqliteStore(path, patient)
  onTestFinished(() => store.close())
  return { store, session: await createSessions({ store }).for(alice).open('one') }
}

test.each([
  ['that has a reserve', 60],
  ['that was replaced by a small one', 1],
])('a process that opens a file %s, after a full disk has room again, writes at once', async (_, count) => {
  const path = newPath()
  const before = await chatIn(path)
  for (let n = 0; n < count; n++) await before.session.append(message)
  await before.store.close()
  writeFileSync(`${path}-reserve-used`, '')
  const { session } = await chatIn(path)
  for (let n = 0; n < 3; n++) await session.append(message)
  expect(existsSync(`${path}-reserve-used`)).toBe(false)
})

test('a file grows in every process once one of them has found room', async () => {
  const path = newPath()
  const { session } = await chatIn(path)
  await session.append({ role: 'user', content: 'Hi' })
  writeFileSync(`${path}-reserve-used`, '')
  // It needs no further page, and the process knows now.
  await session.append({ role: 'user', content: 'Is there room?' })
  renameSync(`${path}-reserve-used`, `${path}-reserve`)
  await session.append(message)
})
