import { createContext, Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { bundle } from './weigh.js'

const core = `export { createSessions, memoryStore } from '@sessions/core'`

describe('createSessions in a bundle', () => {
  // Who makes it heavier moves what few need into packages/core/src/later, or raises this and says why.
  it('weighs no more than docs/weight.md says, in an application that has zod', async () => {
    const { first, all, files } = await bundle(core, { without: ['zod'] })
    expect(first).toBeLessThan(48.8)
    expect(all).toBeLessThan(166.7)
    // Each is a request of a page.
    expect(files).toBeLessThan(22)
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
  it('nothing wants a module of Node, or work while it is loaded, and sessions work without process and Buffer', async () => {
    const doors = edge.map((door, index) => `export * as door${index} from '${door}'`).join('\n')
    const { wanted, code } = await bundle(`${doors}\n${core}`, { inOne: true })
    expect(wanted).toEqual([])
    const script = new Script(`Math.random = random;
      ${code}
      const sessions = bundled.createSessions();
      async () => {
        const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).open('support')
        await session.cart.add({ sku: 'a', name: 'A', price: { amount: 1, currency: 'EUR' } })
        const turn = session.turn('Hello', async ({ context }) => (await context({ maxTokens: 100 })).messages[0].content)
        const { text } = await turn.result
        const { messages } = await session.history()
        await sessions.close()
        return JSON.stringify([text, messages.length, (await session.credential().catch(({ code }) => code))])
      }`)
    const run = script.runInContext(createContext({ ...web, ...onlyInRequests() })) as () => Promise<string>
    isLoading = false
    expect(JSON.parse(await run())).toEqual(['Hello', 2, 'closed'])
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
  Headers,
  performance,
  queueMicrotask,
  ReadableStream,
  Request,
  Response,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
}

// Cloudflare's runtime refuses it while a module is loaded.
let isLoading = true
function onlyInRequests() {
  const guarded =
    <Given extends readonly unknown[], Made>(work: (...given: Given) => Made) =>
    (...given: Given): Made => {
      if (isLoading) throw new Error('Disallowed operation called within global scope.')
      return work(...given)
    }
  return {
    crypto: {
      subtle: crypto.subtle,
      getRandomValues: guarded((bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)),
      randomUUID: guarded(() => crypto.randomUUID()),
    },
    random: guarded(Math.random),
    // Numbers, as the web has them: they know no `unref`.
    setInterval: guarded((run: () => void, ms: number) => Number(setInterval(run, ms))),
    setTimeout: guarded((run: () => void, ms: number) => Number(setTimeout(run, ms))),
  }
}
