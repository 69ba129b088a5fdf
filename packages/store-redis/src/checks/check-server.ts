import { isSessionError, SessionError, type StoreFinding } from '@sessions/core/store'
import { attempt, type Attempt } from '../calls/attempt.js'
import { clientProblems } from '../commands/client-problems.js'
import type { Keys } from '../stored/keys.js'
import { toPlain } from '../calls/plain-reply.js'
import type { RedisCalls } from '../calls/redis-calls.js'
import { isAway, isStrange, replyCode, toSessionError } from '../calls/redis-error.js'
import { RedisScript } from '../scripts/redis-script.js'

const oldestVersion = [6, 2] as const

/** The commands that the store sends, and those of its scripts, but for EVAL and EVALSHA. */
export const neededCommands: readonly string[] = (
  'lrange lindex llen lset linsert lrem ltrim rpush hget hsetnx hlen hdel exists unlink pexpire pexpireat persist ' +
  'rename time zadd zrem zscore zrank zrange zrangebyscore'
).split(' ')

/**
 * KEYS any. ARGV commands. The reply has those that the user may not run, after a `+`, and those that the server does
 * not have, after a `?`. Redis 6.2 cannot say.
 */
const rightsScript = new RedisScript(String.raw`
local may, missing = redis.acl_check_cmd, {}
if not may then return missing end
local function ask(name, ...)
  local isKnown, isAllowed = pcall(may, name, ...)
  if not isKnown then missing[#missing + 1] = '?' .. name
  elseif not isAllowed then missing[#missing + 1] = '+' .. name end
end
for _, name in ipairs(ARGV) do ask(name, KEYS[1], KEYS[1]) end
for _, name in ipairs({'eval', 'evalsha'}) do ask(name, '', '1', KEYS[1]) end
return missing
`)

/** What is wrong with a server of Redis, and with the client of it, within `timeoutMs`. */
export async function checkServer(calls: RedisCalls, keys: Keys, timeoutMs: number): Promise<StoreFinding[]> {
  let told: unknown
  const stop = calls.commands.watchErrors((problem) => {
    told = problem
  })
  try {
    return await attempt(timeoutMs, (current) => findingsOf(current, calls, keys))
  } catch (problem) {
    if (!isSessionError(problem, 'unavailable')) throw problem
    // A client that is refused its user tries again and again, and tells its calls nothing.
    const reason = told ?? problem.cause
    if (reason === undefined) throw problem
    if (replyCode(reason) !== undefined) throw toSessionError(reason, false)
    throw new SessionError('unavailable', problem.message, { cause: reason })
  } finally {
    stop()
  }
}

async function findingsOf(current: Attempt, calls: RedisCalls, keys: Keys): Promise<StoreFinding[]> {
  const findings = clientProblems(calls.commands)
  const info = await infoOf(current, calls)
  if (info === 'refused') {
    findings.push(
      warning(
        'rights',
        'the user may not ask the server for INFO, so its settings are not known: grant +info',
      ),
    )
  } else if (info !== undefined) findings.push(...serverFindings(info, calls.commands.isCluster))
  // A server that is none for sessions may not know scripts.
  if (findings.some(({ level }) => level === 'error')) return findings
  return [...findings, ...(await rightsFindings(current, calls, keys))]
}

type Info = ReadonlyMap<string, string>

/** What the server says of itself; undefined where the client has no way to ask. */
async function infoOf(current: Attempt, calls: RedisCalls): Promise<Info | 'refused' | undefined> {
  if (calls.commands.ask === undefined) return undefined
  try {
    const text = String(toPlain(await calls.ask(current, ['INFO'])))
    return new Map(text.split(/\r?\n/).map((line) => line.split(/:(.*)/, 2) as [string, string]))
  } catch (problem) {
    if (replyCode(problem) === undefined || isAway(problem)) throw problem
    return 'refused'
  }
}

function serverFindings(info: Info, isCluster: boolean): StoreFinding[] {
  const findings: StoreFinding[] = []
  const is = (name: string, value: string) => info.get(name) === value
  if (is('redis_mode', 'sentinel')) {
    const problem = 'this is a Sentinel, which keeps no sessions: give the client `sentinels` and `name`'
    return [error('sentinel', problem)]
  }
  if (is('redis_mode', 'cluster') && !isCluster) {
    findings.push(
      error('cluster', 'the server is a node of a Redis Cluster: give the store a Cluster client'),
    )
  }
  const version = info.get('redis_version') ?? ''
  const [major, minor] = version.split('.').map(Number) as [number, number]
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    findings.push(error('version', `the server is Redis ${version}: use 6.2 or a later one`))
  }
  if (is('role', 'slave') && !isCluster) {
    findings.push(
      error('read_only', 'the server is a replica, which takes no writes: connect to the primary'),
    )
  }
  for (const name of ['aof_last_write_status', 'rdb_last_bgsave_status']) {
    if (info.get(name) !== 'err') continue
    const problem = `the server could not save to its disk (${name}): make room, or look into its log`
    findings.push(error('persistence', problem))
  }
  if (is('aof_enabled', '0')) {
    const problem =
      'the server has no append-only file, so a restart loses sessions: set `appendonly yes`, unless its replicas are enough for you'
    findings.push(warning('persistence', problem))
  }
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    const problem = `maxmemory-policy is ${policy}: when memory is full, the server throws live sessions away. Set it to noeviction`
    findings.push(warning('eviction', problem))
  }
  return findings
}

/** Asks for the rights of the user on keys of both kinds. */
async function rightsFindings(current: Attempt, calls: RedisCalls, keys: Keys): Promise<StoreFinding[]> {
  const session = keys.session({ tenantId: 'sessions', id: 'check' })
  try {
    // A key without which there is no script at all.
    await calls.range(current, session.log, 0, 0)
    const missing = new Set<string>()
    for (const key of [session.log, session.ids, keys.due(0)]) {
      for (const name of await calls.read(current, rightsScript, [key], neededCommands)) {
        if (typeof name === 'string') missing.add(name)
      }
    }
    const refused = [...missing].filter((name) => name.startsWith('+'))
    const unknown = [...missing].filter((name) => name.startsWith('?')).map((name) => name.slice(1))
    const findings: StoreFinding[] = []
    if (refused.length > 0) {
      findings.push(error('rights', `the user lacks rights: grant ${refused.join(' ')}`))
    }
    if (unknown.length > 0) {
      const problem = `the server does not have what the store needs: ${unknown.join(' ')}. Does its rename-command hide them?`
      findings.push(error('commands', problem))
    }
    return findings
  } catch (problem) {
    if (replyCode(problem) === undefined || isAway(problem)) throw problem
    const code = isStrange(problem) ? 'commands' : 'rights'
    return [error(code, toSessionError(problem, false).message)]
  }
}

function error(code: string, message: string): StoreFinding {
  return { level: 'error', code, message }
}

function warning(code: string, message: string): StoreFinding {
  return { level: 'warning', code, message }
}
