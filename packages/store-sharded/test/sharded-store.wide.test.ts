import { memoryStore } from '@sessions/core'
import { describeSessionStore } from '@sessions/core/testing'
import { hashRoute, shardedStore, tenantRoute } from '../src/index.js'

describeSessionStore('shardedStore over two memories, by tenant, without a home', async () => {
  const shards = { a: memoryStore(), b: memoryStore() }
  const open = () => shardedStore({ shards, route: tenantRoute({ whale: 'b' }, hashRoute(['a', 'b'])) })
  return { store: open(), peer: open(), sweepsMeanwhile: true }
})
