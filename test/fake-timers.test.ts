import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

// In a process of its own, which has loaded nothing yet.
const script = `
  import { createSessions, memoryStore } from '@sessions/core'
  // A test of an application holds the clock, before what is needed later is loaded.
  globalThis.setTimeout = () => ({ unref() {} })
  let tries = 0
  const log = {
    append: async () => {
      if (++tries < 3) throw new Error('away')
      return 1
    },
    query: async () => [],
  }
  const sessions = createSessions({
    store: memoryStore(),
    credentialSecrets: ['a secret of thirty-two characters.'],
    usage: { log },
    onWarning() {},
  })
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).open('one')
  await session.turn('Hi', async function* () {
    yield 'Hello'
    yield { type: 'usage', inputTokens: 1, outputTokens: 1, model: 'm' }
  }).result
  await sessions.settled()
  console.log(tries)
`

it('writes what was used while a test of the application holds the clock', async () => {
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd })
  expect(stdout.trim()).toBe('3')
})
