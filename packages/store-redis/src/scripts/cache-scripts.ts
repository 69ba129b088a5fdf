import { RedisScript } from './redis-script.js'

// KEYS[1] is the copy, as `moment text`: the moment by the clock of this server, in milliseconds. KEYS[2] is a hash of the
// writes: each has a field with the moment until which it counts, and `last` names the one that began last.

const clock = String.raw`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

// A write of a process that died counts until its moment.
const writes = String.raw`
local function writes()
  local last, under_way, all = '', false, redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    if all[i] == 'last' then last = all[i + 1]
    elseif tonumber(all[i + 1]) > now then under_way = true
    else redis.call('HDEL', KEYS[2], all[i]) end
  end
  return last, under_way
end
`

const keep = String.raw`
local function keep(since, ttl, text)
  local left = ttl - (now - since)
  if now < since or left <= 0 then return 0 end
  redis.call('SET', KEYS[1], since .. ' ' .. text, 'PX', left)
  return 1
end
`

/** `copy now last text`, or `free now last`, or `busy`. */
export const findScript = new RedisScript(String.raw`
${clock}${writes}
local copy = redis.call('GET', KEYS[1])
if copy then return {'copy', now, redis.call('HGET', KEYS[2], 'last') or '', copy} end
local last, under_way = writes()
if under_way then return {'busy'} end
return {'free', now, last}`)

/** ARGV the write that was the last, the moment of `find`, ttl, text. */
export const keepScript = new RedisScript(String.raw`
${clock}${writes}${keep}
local last, under_way = writes()
if under_way or last ~= ARGV[1] then return 0 end
local since = tonumber(ARGV[2])
local copy = redis.call('GET', KEYS[1])
if copy and tonumber(string.match(copy, '^%d+')) >= since then return 0 end
return keep(since, tonumber(ARGV[3]), ARGV[4])`)

/** ARGV the write, how long it counts. Gives the moment, and whether it is the only one under way. */
export const beginScript = new RedisScript(String.raw`
${clock}${writes}
redis.call('DEL', KEYS[1])
local _, under_way = writes()
redis.call('HSET', KEYS[2], ARGV[1], now + ARGV[2], 'last', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {now, under_way and 0 or 1}`)

/** ARGV the write, `1` if it was the only one when it began, its moment, ttl, text or nothing. */
export const endScript = new RedisScript(String.raw`
${clock}${writes}${keep}
redis.call('HDEL', KEYS[2], ARGV[1])
local last, under_way = writes()
if ARGV[5] == '' or ARGV[2] ~= '1' or under_way or last ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 0
end
return keep(tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5])`)
