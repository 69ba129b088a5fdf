import { createContext, Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { bundle } from './weigh.js'

const core = `export { createSessions, memoryStore } from '@sessions/core'`

describe('createSessions in a bundle', () => {
  // Who makes it heavier moves what few need into packages/core/src/later, or raises this and says why.
  it('weighs no more than docs/weight.md says, in an application that has zod', async () => {
    const { first, all, files } = await bundle(core, { without: ['zod'] })
    expect(first).toBeLessThan(48)
    expect(all).toBeLessThan(142)
    // Each is a request of a page.
    expect(files).toBeLessThan(20)
  })
})

const edge = [
  '@sessions/bus-nats',
  '@sessions/core',
  '@sessions/core/context',
  '@sessions/core/http',
  '@sessions/core/listeners',
  '@sessions/core/node',
  '@sessions/core/store',
  '@sessions/store-redis',
  '@sessions/store-tiered',
]

describe('on the edge', () => {
  it('nothing wants a module of Node, and sessions work where there is neither process nor Buffer', async () => {
    const doors = edge.map((door, index) => `export * as door${index} from '${door}'`).join('\n')
    const { wanted, code } = await bundle(`${doors}\n${core}`, { inOne: true })
    expect(wanted).toEqual([])
    const run = new Script(`${code}
      (async () => {
        const sessions = bundled.createSessions({ credentialSecrets: ['s'.repeat(32)] })
        const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).open('support')
        await session.cart.add({ sku: 'a', name: 'A', price: { amount: 1, currency: 'EUR' } })
        const turn = session.turn('Hello', async ({ context }) => (await context({ maxTokens: 100 })).messages[0].content)
        const { text } = await turn.result
        const { messages } = await session.history()
        await sessions.close()
        return JSON.stringify([text, messages.length, (await session.credential().catch(({ code }) => code))])
      })()`)
    expect(JSON.parse((await run.runInContext(createContext(web))) as string)).toEqual(['Hello', 2, 'closed'])
  })
})

// What the edge runtimes have of the web, and nothing else.
const web = {
  AbortController,
  AbortSignal,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  Headers,
  performance,
  queueMicrotask,
  ReadableStream,
  Request,
  Response,
  // Numbers, as the web has them: they know no `unref`.
  setInterval: (run: () => void, ms: number) => Number(setInterval(run, ms)),
  setTimeout: (run: () => void, ms: number) => Number(setTimeout(run, ms)),
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
}
