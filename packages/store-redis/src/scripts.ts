import { RedisScript } from './redis-script.js'

/** KEYS log, ids. `1 0` when the session has come since; `0 1` when only half of it is there. */
export const presenceScript = new RedisScript(String.raw`
return {redis.call('EXISTS', KEYS[1]), redis.call('EXISTS', KEYS[2])}
`)

// What the scripts below do first with a session: `last` and `trimmed`, or a reply that says why not.
const openLog = String.raw`
local log, ids = KEYS[1], KEYS[2]
local old = redis.call('LINDEX', log, 0)
if not old then return {redis.call('EXISTS', ids) == 1 and 'corrupt' or 'gone', 'log'} end
local who, last, trimmed = string.match(old, '^r1 (%S+) %d+ (%d+) (%d+) ')
if not last then return {'corrupt', 'record'} end
last, trimmed = tonumber(last), tonumber(trimmed)
if redis.call('LLEN', log) ~= last - trimmed + 3 then return {'corrupt', 'messages'} end
`

// Whether a record is of the incarnation that is asked for: a `=` and its token, or nothing for any.
const isMeant = String.raw`
local function meant(record, wanted)
  return wanted == '' or wanted == '=' .. (string.match(record, '^r1 %S+ %d+ %d+ %d+ %d+ %d+ %d+ %S+ (%S*) ') or '')
end
`

/** KEYS log, ids. ARGV after, before, limit, order. `ok more {message ...} whose`, newest first; `gone`, `corrupt reason`. */
export const pageScript = new RedisScript(String.raw`
${openLog}
local low, high = math.max(tonumber(ARGV[1]), trimmed) + 1, math.min(tonumber(ARGV[2]) - 1, last)
local count = high - low + 1
if count <= 0 then return {'ok', 0, {}, who} end
local take = math.min(count, tonumber(ARGV[3]))
if ARGV[4] == 'asc' then high = low + take - 1 end
local from = last - high + 3
return {'ok', count > take and 1 or 0, redis.call('LRANGE', log, from, from + take - 1), who}
`)

/** KEYS log, ids. ARGV a seq and a payload for each amendment, then the incarnation. `ok count`; `gone`, `corrupt reason`. */
export const amendScript = new RedisScript(String.raw`
${openLog}
${isMeant}
if not meant(old, ARGV[#ARGV]) then return {'gone', 'log'} end
local heads, count = {}, 0
for i = 1, #ARGV - 1, 2 do
  local seq = tonumber(ARGV[i])
  if seq > trimmed and seq <= last then
    local head = string.match(redis.call('LINDEX', log, last - seq + 3), '^m%d+ %d+ %S* ')
    if not head then return {'corrupt', 'message'} end
    heads[i], count = head, count + 1
  end
end
for i, head in pairs(heads) do
  redis.call('LSET', log, last - tonumber(ARGV[i]) + 3, head .. ARGV[i + 1])
end
return {'ok', count}
`)

/** KEYS log, ids. ARGV throughSeq, at most how many, incarnation. `ok dropped left`; `gone`, `corrupt reason`. */
export const trimScript = new RedisScript(String.raw`
${openLog}
${isMeant}
if not meant(old, ARGV[3]) then return {'gone', 'log'} end
local due = math.min(tonumber(ARGV[1]), last) - trimmed
if due <= 0 then return {'ok', 0, 0} end
local count = math.min(due, tonumber(ARGV[2]))
local gone = redis.call('LRANGE', log, -count, -1)
for i, m in ipairs(gone) do
  gone[i] = string.match(m, '^m%d+ %d+ (%S*) ')
  if not gone[i] then return {'corrupt', 'message'} end
end
local before, after = string.match(old, '^(r1 %S+ %d+ %d+ )%d+( .*)$')
for i = 1, count, 1000 do
  redis.call('HDEL', ids, unpack(gone, i, math.min(i + 999, count)))
end
redis.call('LTRIM', log, 0, -count - 1)
redis.call('LSET', log, 0, before .. (trimmed + count) .. after)
return {'ok', count, due - count}
`)

/** KEYS log, ids. ARGV incarnation. How many of them there were, and the record or nothing. Removes also what cannot be read. */
export const removeScript = new RedisScript(String.raw`
${isMeant}
local old = redis.pcall('LINDEX', KEYS[1], 0)
if type(old) == 'string' and not meant(old, ARGV[1]) then return {0, ''} end
return {redis.call('UNLINK', KEYS[1], KEYS[2]), type(old) == 'string' and old or ''}
`)

/** KEYS log .... Of each the record, or nothing when it is absent, or `!` when it cannot be read. */
export const recordsScript = new RedisScript(String.raw`
local records = {}
for i, log in ipairs(KEYS) do
  local record = redis.pcall('LINDEX', log, 0)
  records[i] = type(record) == 'table' and '!' or record or ''
end
return records
`)

/**
 * KEYS index .... ARGV an op, the number of a key, a score and a member for each change: `+` puts it there or moves it
 * forward, `=` puts it there or moves it, `-` takes it out, `~` only if it has that score. How many of the first key
 * were taken out.
 */
export const indexScript = new RedisScript(String.raw`
local taken = 0
for i = 1, #ARGV, 4 do
  local op, key, score, member = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2], ARGV[i + 3]
  if op == '+' then redis.call('ZADD', key, 'LT', score, member)
  elseif op == '=' then redis.call('ZADD', key, score, member)
  elseif op == '-' or tonumber(redis.call('ZSCORE', key, member) or 'nan') == tonumber(score) then
    local count = redis.call('ZREM', key, member)
    if ARGV[i + 1] == '1' then taken = taken + count end
  end
end
return taken
`)

/**
 * KEYS index. ARGV score, member, offset, count. Members and scores after that place; when that member is no longer
 * there, from that score on and an offset, so that what is before the place comes along.
 */
export const indexPageScript = new RedisScript(String.raw`
local key, from, member, offset, count = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local score = member ~= '' and redis.call('ZSCORE', key, member)
if score and tonumber(score) == tonumber(from) then
  local rank = redis.call('ZRANK', key, member)
  return redis.call('ZRANGE', key, rank + 1, rank + count, 'WITHSCORES')
end
return redis.call('ZRANGEBYSCORE', key, from, '+inf', 'WITHSCORES', 'LIMIT', offset, count)
`)

/** KEYS due. ARGV count. Members and scores of sessions that were to end by now. */
export const dueScript = new RedisScript(String.raw`
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
`)
