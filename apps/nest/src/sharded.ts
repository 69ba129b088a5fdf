import { join, resolve } from 'node:path'
import { hashRoute, shardedStore } from '@sessions/store-sharded'
import type { OpenStore } from './open-store.js'
import { openSqlite } from './sqlite.js'

/** Two shards and the home of their map, each in a file beside the one that `SESSIONS_SQLITE` names. */
export async function openSharded(env: Readonly<Record<string, string | undefined>>): Promise<OpenStore> {
  const path = resolve(env['SESSIONS_SQLITE'] || join(import.meta.dirname, '../data/sessions.db'))
  const open = (name: string) => openSqlite({ SESSIONS_SQLITE: path.replace(/(\.\w+)?$/, `-${name}$1`) })
  const [north, south, home] = [await open('north'), await open('south'), await open('home')]
  const store = shardedStore({
    shards: { north: north.store, south: south.store },
    route: hashRoute(['north', 'south'], { by: 'session' }),
    home: home.store,
  })
  return {
    store,
    async close() {
      await Promise.all([north, south, home].map((one) => one.close()))
    },
  }
}
