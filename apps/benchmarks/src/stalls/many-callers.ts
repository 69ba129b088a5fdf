import { type CallerSessions, createSessions, type SessionStore } from '@sessions/core'

const count = 1000
const tenants = 100

/** A caller with a session of some messages. */
interface Caller {
  readonly mine: CallerSessions
  readonly id: string
}

/** What a thousand callers may do in one turn of the event loop, each with a session of their own. */
export const atOnce: Readonly<Record<string, (caller: Caller) => Promise<unknown>>> = {
  get: ({ mine, id }) => mine.get(id),
  create: ({ mine }) => mine.create({ title: 'Another one' }),
  list: ({ mine }) => mine.list(),
  search: ({ mine }) => mine.search({ text: 'phones' }),
  searchSessions: ({ mine }) => mine.searchSessions({ text: 'phones', order: 'rank' }),
  append: ({ mine, id }) => mine.append(id, { role: 'user', content: 'And then?' }),
  'cart.add': async ({ mine, id }) =>
    (await mine.get(id)).cart.add({ sku: 'a', name: 'a', price: { amount: 1, currency: 'EUR' } }),
  'preferences.merge': async ({ mine, id }) => (await mine.get(id)).preferences.merge({ colour: 'red' }),
  context: async ({ mine, id }) => (await mine.get(id)).context({ maxTokens: 4000, query: 'phones' }),
  info: async ({ mine, id }) => (await mine.get(id)).info(),
  turn: async ({ mine, id }) =>
    (await mine.get(id)).turn('Hi', async function* () {
      for (let piece = 0; piece < 20; piece++) yield 'word '
    }).result,
  watch: async ({ mine, id }) => {
    const over = new AbortController()
    for await (const _ of (await mine.get(id)).watch({ signal: over.signal })) over.abort()
  },
  fork: async ({ mine, id }) => mine.fork(await mine.get(id)),
  export: async ({ mine }) => {
    for await (const _ of mine.export());
  },
  delete: async ({ mine, id }) => mine.delete(id),
}

/** Callers of one process, of many tenants. */
export async function manyCallers(store: SessionStore): Promise<readonly Caller[]> {
  const sessions = createSessions({ store, onWarning: () => {} })
  const callers: Caller[] = []
  for (let index = 0; index < count; index++) {
    const mine = sessions.for({ tenantId: `caller ${index % tenants}`, userId: `user ${index}` })
    const messages = Array.from({ length: 20 }, (_, place) => ({
      role: place % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: `message ${place} of ${index} is about phones of many colours`,
    }))
    const { id } = await mine.create({ title: `Phones ${index}`, messages })
    callers.push({ mine, id })
  }
  return callers
}
