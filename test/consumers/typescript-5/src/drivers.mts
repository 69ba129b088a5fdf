import { createSessions } from '@sessions/core'
import { postgresStore } from '@sessions/store-postgres'
import { redisStore } from '@sessions/store-redis'
import { createRedisClient } from '@sessions/store-redis/client'
import { migrate, sqliteSearch, sqliteStore } from '@sessions/store-sqlite'
import BetterSqlite from 'better-sqlite3'
import { Cluster, Redis } from 'ioredis'
import { Kysely, PostgresDialect } from 'kysely'
import Libsql from 'libsql'
import pg from 'pg'
import { createClient, createCluster } from 'redis'

// Each driver that the READMEs name, as its own types have it: TypeScript takes it for what a store wants.
export const inFiles = [new Libsql('app.db'), new BetterSqlite('app.db')].map((database) =>
  sqliteStore(database),
)
export const search = sqliteSearch(new Libsql('app.db'))
export const migrated = [migrate(new Libsql('app.db')), migrate(new BetterSqlite('app.db'))]
export const onRedis = [
  redisStore(new Redis()),
  redisStore(new Cluster([])),
  redisStore(createRedisClient('redis://localhost')),
  redisStore(createClient()),
  redisStore(createCluster({ rootNodes: [] })),
]
const pool = new pg.Pool()
const kysely = new Kysely<{ users: { id: string } }>({ dialect: new PostgresDialect({ pool }) })
export const onPostgres = [postgresStore(pool), postgresStore(kysely)]
export const sessions = [...inFiles, ...onRedis, ...onPostgres].map((store) => createSessions({ store }))
