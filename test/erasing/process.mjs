// A process of its own, which runs what is published: traffic of a user, or the erasure of the user.
import { once } from 'node:events'
import { createSessions, isSessionError } from '@sessions/core'

const { role, kind, url, settings, user, canaries, dieAt, isGated = false } = JSON.parse(process.argv[2])
// Many processes share a machine that other tests use, too: slow is no outage.
const patience = { readTimeoutMs: 240_000, writeTimeoutMs: 240_000 }

async function open() {
  if (kind === 'redis') {
    const { redisStore } = await import('@sessions/store-redis')
    const { createRedisClient } = await import('@sessions/store-redis/client')
    const client = createRedisClient(url, { commandTimeout: 240_000, socketTimeout: 240_000 })
    await once(client, 'ready')
    return redisStore(client, patience)
  }
  if (kind === 'postgres') {
    const { createPostgresPool, postgresStore } = await import('@sessions/store-postgres')
    return postgresStore(
      createPostgresPool(url, { connectionTimeoutMillis: 240_000, statement_timeout: 0 }),
      patience,
    )
  }
  const { sqliteStore } = await import('@sessions/store-sqlite')
  return sqliteStore(url, { ...patience, synchronous: 'normal' })
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

/** Does what a user's devices do, until the parent says stop. */
async function traffic(store) {
  const sessions = createSessions({ store, ...settings, onWarning: () => {} })
  const mine = sessions.for(user)
  const guest = sessions.for({ tenantId: user.tenantId })
  const counts = {}
  const count = (name) => (counts[name] = (counts[name] ?? 0) + 1)
  const canary = (n) => canaries[n % canaries.length]
  const said = (n) => ({ role: 'user', content: `I said ${canary(n)}` })
  let last
  const acts = [
    async (n) => (last = await mine.create({ title: canary(n), messages: [said(n)] })),
    async (n) => last && (await last.append(said(n))),
    async (n) => last && (await mine.fork(last, { title: canary(n) })),
    async (n) => last && (await last.turn(said(n), () => `You said ${canary(n + 1)}`).result),
    async () => last && (await last.transfer({ mode: 'move' })),
    async (n) => {
      const anonymous = await guest.create({ messages: [said(n)] })
      try {
        await (await mine.findByCredential(await anonymous.credential())).bind()
      } catch (error) {
        // A guest who was not let in is not the user: the test asks for what is the user's alone.
        await anonymous.delete().catch(() => {})
        throw error
      }
    },
  ]
  const stopping = new AbortController()
  process.stdin.once('data', () => stopping.abort())
  say('ready')
  for (let n = 0; !stopping.signal.aborted; n++) {
    try {
      await acts[n % acts.length](n)
      count('done')
    } catch (error) {
      if (!isSessionError(error)) throw error
      count(error.code)
      if (error.code === 'user_erased') last = undefined
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await sessions.settled()
  say(counts)
}

/** Erases the user; dies by SIGKILL around the call of the store that it was told, if it was. */
async function erase(store) {
  let calls = 0
  const dying = wrapped(store, async (make) => {
    const isHere = ++calls === dieAt?.call
    if (isHere && dieAt.when === 'before') process.kill(process.pid, 'SIGKILL')
    try {
      return await make()
    } finally {
      if (isHere) process.kill(process.pid, 'SIGKILL')
    }
  })
  const sessions = createSessions({ store: dying, ...settings })
  if (isGated) {
    say('ready')
    await once(process.stdin, 'data')
  }
  say({ receipt: await sessions.privacy.erase({ ...user, by: user.userId, reason: 'article 17' }), calls })
}

/** A store whose calls go through a function. */
function wrapped(inner, around) {
  const members = Object.entries(inner).filter(([, member]) => typeof member === 'function')
  return Object.fromEntries(
    members.map(([name, member]) => [name, (...args) => around(() => member.apply(inner, args))]),
  )
}

await (role === 'traffic' ? traffic : erase)(await open())
process.exit(0)
