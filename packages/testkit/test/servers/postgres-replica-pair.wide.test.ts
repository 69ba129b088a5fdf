import { describe, expect, it, onTestFinished } from 'vitest'
import { startPostgresReplicaPair } from '../../src/servers/postgres/postgres-replica-pair.js'
import { queryPostgres } from '../../src/servers/postgres/postgres-query.js'

describe('a PostgreSQL and its replica', () => {
  it.each([true, false])(
    'the replica shows what the primary stores, and takes writes once promoted (synchronous: %s)',
    async (synchronous) => {
      const pair = await startPostgresReplicaPair({ synchronous })
      onTestFinished(() => pair.stop())
      const { primary, replica } = pair
      await queryPostgres(primary, 'create table words (word text)')
      await queryPostgres(primary, "insert into words values ('hello')")
      await pair.caughtUp()
      expect(await queryPostgres(replica, 'select word from words')).toEqual([['hello']])
      await expect(queryPostgres(replica, "insert into words values ('no')")).rejects.toThrow('read-only')
      await primary.kill()
      await pair.promote()
      await queryPostgres(replica, "insert into words values ('again')")
      await replica.restart()
      expect(await queryPostgres(replica, 'select word from words')).toEqual([['hello'], ['again']])
    },
  )
})
