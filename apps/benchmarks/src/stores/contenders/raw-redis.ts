import { createRedisClient } from '@sessions/store-redis/client'
import type { Appended, Contender, Standing } from '../contender.js'
import { absoluteMs, body, idleMs, incarnation, nextMessage, tenantId } from '../workload.js'

// A list for each session: oldest message first, then its body and its counters; a hash for the places of message ids.
// It is the fastest layout that was found (one command to read, one script to write), without anything that the
// benchmark does not need.
const createScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('CONFLICT the session exists') end
local ends = string.format('%.0f', now + ARGV[2])
now = string.format('%.0f', now)
redis.call('RPUSH', KEYS[1], ARGV[4], '0 1 1 0 ' .. now .. ' ' .. now .. ' ' .. now .. ' ' .. ends .. ' ' .. ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ends)
return 1
`

// Counters: seq, revision, changes, bytes, created, updated, active, expires, incarnation.
const appendScript = `
local log, ids, id, payload = KEYS[1], KEYS[2], ARGV[4], ARGV[5]
local counters = redis.call('LINDEX', log, -1)
if not counters then return redis.error_reply('GONE') end
local seq, revision, changes, bytes, created, active, has =
  string.match(counters, '^(%d+) (%d+) (%d+) (%d+) (%d+) %d+ (%d+) %d+ (%S+)$')
if has ~= ARGV[1] then return redis.error_reply('GONE') end
local known = redis.call('HGET', ids, id)
if known then
  local stored = string.match(redis.call('LINDEX', log, known - seq - 3), '^%d+ %d+ (.*)$')
  if stored ~= id .. ' ' .. payload then return redis.error_reply('CONFLICT the id is taken') end
  return {known, counters}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at, ends = string.format('%.0f', now), string.format('%.0f', math.min(now + ARGV[2], created + ARGV[3]))
if now - active >= 60000 then active = at end
seq = string.format('%.0f', seq + 1)
local rest = redis.call('RPOP', log, 2)
changes, bytes = string.format('%.0f', changes + 1), string.format('%.0f', bytes + #payload)
counters = seq .. ' ' .. revision .. ' ' .. changes .. ' ' .. bytes .. ' ' .. created .. ' ' .. at .. ' ' .. active .. ' ' .. ends .. ' ' .. has
redis.call('RPUSH', log, seq .. ' ' .. at .. ' ' .. id .. ' ' .. payload, rest[2], counters)
redis.call('HSET', ids, id, seq)
redis.call('PEXPIREAT', log, ends)
redis.call('PEXPIREAT', ids, ends)
return {seq, counters}
`

type Script = (...args: (string | number)[]) => Promise<unknown>

/** A script written by hand, called through ioredis; the client has the same settings as the store's. */
export async function rawRedis(url: string): Promise<Contender> {
  const client = createRedisClient(url)
  await new Promise((resolve) => client.once('ready', resolve))
  client.defineCommand('rawCreate', { numberOfKeys: 2, lua: createScript })
  client.defineCommand('rawAppend', { numberOfKeys: 2, lua: appendScript })
  const scripts = client as unknown as { rawCreate: Script; rawAppend: Script }
  // Ids of the benchmarks need no escaping.
  const logOf = (id: string) => `raw:{${tenantId}:${id}}:log`
  const idsOf = (id: string) => `raw:{${tenantId}:${id}}:ids`

  async function append(id: string, message: { id: string; payload: string }): Promise<Appended> {
    const args = [incarnation, idleMs, absoluteMs, message.id, message.payload]
    const [seq, counters] = (await scripts.rawAppend(logOf(id), idsOf(id), ...args)) as [string, string]
    return { seq: Number(seq), ...standing(counters) }
  }

  return {
    append,

    async prepare(ids, history) {
      for (const id of ids) {
        await scripts.rawCreate(logOf(id), idsOf(id), incarnation, idleMs, absoluteMs, body)
        for (let left = history; left > 0; left -= 250) {
          await Promise.all(Array.from({ length: Math.min(left, 250) }, () => append(id, nextMessage())))
        }
      }
    },

    async read(id, tail) {
      const elements = await client.lrange(logOf(id), -(tail + 2), -1)
      if (elements.length === 0) return undefined
      const counters = elements.pop()!
      const text = elements.pop()!
      return { ...standing(counters), body: text, messages: elements.map(toMessage) }
    },

    async remove(ids) {
      for (const id of ids) await client.unlink(logOf(id), idsOf(id))
    },

    async close() {
      client.disconnect()
    },
  }
}

function standing(counters: string): Standing {
  const [lastSeq, revision, changes, bytes, createdAt, updatedAt, activeAt, expiresAt] = counters
    .split(' ', 8)
    .map(Number)
  return {
    lastSeq: lastSeq!,
    revision: revision!,
    changes: changes!,
    bytes: bytes!,
    createdAt: createdAt!,
    updatedAt: updatedAt!,
    activeAt: activeAt!,
    expiresAt: expiresAt!,
  }
}

function toMessage(element: string) {
  const first = element.indexOf(' ')
  const second = element.indexOf(' ', first + 1)
  const third = element.indexOf(' ', second + 1)
  return {
    seq: Number(element.slice(0, first)),
    at: Number(element.slice(first + 1, second)),
    id: element.slice(second + 1, third),
    payload: element.slice(third + 1),
  }
}
