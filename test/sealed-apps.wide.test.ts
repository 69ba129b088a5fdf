import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openers, type OpenStores } from './encrypted-servers.js'
import { frontDoors } from './sealed-apps/front-doors.js'
import { buildApps, startApp } from './sealed-apps/start-app.js'

const apps = Object.keys(frontDoors) as (keyof typeof frontDoors)[]
const variables = { redis: 'REDIS_URL', postgres: 'DATABASE_URL', sqlite: 'SESSIONS_SQLITE' } as const
const key = (text: string) => Buffer.alloc(32, text).toString('base64')
const keys = { SESSIONS_KEY: key('a key'), SESSIONS_INDEX_KEY: key('the index key') }

beforeAll(() => buildApps(apps))

/** Tells an app 50 secrets over a store of its own; those that the server and its files hold then. */
async function leaked(app: keyof typeof frontDoors, stores: OpenStores, env: Record<string, string>) {
  const running = await startApp(app, env)
  try {
    const { secrets } = await frontDoors[app](running.url)
    expect(secrets.length).toBe(50)
    const dump = await stores.dump()
    return { secrets, found: secrets.filter((secret) => dump.includes(secret)) }
  } finally {
    await running.stop()
  }
}

describe.each(Object.keys(variables) as (keyof typeof variables)[])('apps on %s', (name) => {
  let stores: OpenStores
  beforeAll(async () => {
    stores = await openers[name]!()
  })
  afterAll(() => stores.close())

  it.each(apps)('%s leaves no canary in the server, nor in its files, when it is given keys', async (app) => {
    expect((await leaked(app, stores, { ...keys, [variables[name]]: stores.url })).found).toEqual([])
  })

  // So the dump would show them.
  it.each(apps)('%s leaves all of them when it is given none', async (app) => {
    const plain = await openers[name]!()
    try {
      const { secrets, found } = await leaked(app, plain, { [variables[name]]: plain.url })
      expect(found).toEqual(secrets)
    } finally {
      await plain.close()
    }
  })

  it('an app says which key it cannot use', async () => {
    const env = { ...keys, SESSIONS_INDEX_KEY: 'short', [variables[name]]: stores.url }
    await expect(startApp('express', env)).rejects.toThrow('SESSIONS_INDEX_KEY must be 32 bytes in base64')
  })
})
