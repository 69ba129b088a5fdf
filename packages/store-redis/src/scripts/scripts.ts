import { mayAll, RedisScript } from './redis-script.js'

// The scripts below begin with this: it gives `last` and `trimmed` of a session, or a reply that says why not.
const openLog = String.raw`
local log, ids = KEYS[1], KEYS[2]
local old = redis.call('LINDEX', log, 0)
if not old then return {redis.call('EXISTS', ids) == 1 and 'corrupt' or 'gone', 'log'} end
local who, last, trimmed = string.match(old, '^r3 (%S+) %d+ %d+ (%d+) (%d+) ')
if not last then return {'corrupt', 'record'} end
last, trimmed = tonumber(last), tonumber(trimmed)
if redis.call('LLEN', log) ~= last - trimmed + 3 then return {'corrupt', 'messages'} end
`

// Appends to `found` up to `count` messages, from the message of seq `from` on, by `step`: as many as their payloads
// fit into `bytes`, but at least one. A message may be of any size, and Lua holds a copy of each element it reads. So
// the script reads few elements that do not fit. It counts whole elements first, and payloads alone only when whole
// elements are too much.
const collect = String.raw`
local function payload(m)
  return #m - (string.match(m, '^m%d+ %d+ %S* ()') or 1) + 1
end
local function collect(found, from, count, step, bytes)
  local before, done, size, ahead, exact = #found, 0, 0, 16, false
  while done < count do
    ahead = math.min(ahead, count - done)
    local first = from + step * done
    local newest = math.max(first, first + step * (ahead - 1))
    local part = redis.call('LRANGE', log, last - newest + 3, last - newest + ahead + 2)
    if #part < ahead then return 'messages' end
    for i = 1, ahead do
      local m = part[step > 0 and ahead + 1 - i or i]
      size = size + (exact and payload(m) or #m)
      if size > bytes and not exact then
        exact, size = true, payload(m)
        for k = before + 1, before + done do size = size + payload(found[k]) end
      end
      if size > bytes and done > 0 then return nil end
      done = done + 1
      found[before + done] = m
    end
    ahead = math.max(1, math.min(ahead * 8, math.floor((bytes - size) * done / size)))
  end
end
`

/**
 * KEYS log, ids. ARGV how many messages, how many bytes of them. `ok record body marker message ...`, newest first,
 * with all the messages there are; `cut` likewise, with as many as fit; `gone`, `corrupt reason`.
 */
export const readScript = new RedisScript(String.raw`
local tail, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Nearly every read ends here, with the reply as the server has it.
if tail <= 64 then
  local reply, size = redis.call('LRANGE', KEYS[1], 0, math.min(tail, 16) + 2), 0
  for i = 4, #reply do size = size + #reply[i] end
  local whole = true
  if #reply == 19 and tail > 16 then
    whole = size * 4 <= bytes
    for i, m in ipairs(whole and redis.call('LRANGE', KEYS[1], 19, tail + 2) or {}) do
      reply[19 + i], size = m, size + #m
    end
  end
  if #reply > 0 and whole and size <= bytes then
    table.insert(reply, 1, 'ok')
    return reply
  end
end
${openLog}
${collect}
local count, reply = math.min(tail, last - trimmed), redis.call('LRANGE', log, 0, 2)
table.insert(reply, 1, 'ok')
local wrong = collect(reply, last, count, -1, bytes)
if wrong then return {'corrupt', wrong} end
if #reply < count + 4 then reply[1] = 'cut' end
return reply
`)

// Whether a record is of the wanted incarnation, a `=` and its token, and has that many changes. An empty text means
// any.
const isMeant = String.raw`
local function meant(record, wanted, changes)
  local count, has = string.match(record, '^r3 %S+ %d+ (%d+) %d+ %d+ %d+ %d+ %d+ %d+ %S+ %S+ (%S*) ')
  return (wanted == '' or wanted == '=' .. (has or '')) and (changes == '' or changes == count)
end
-- The same record with one change more, so many more bytes (never below 0), and another trimmed seq if one is given.
local function counted(record, grown, through)
  local head, changes, last, trimmed, bytes, rest = string.match(record, '^(r3 %S+ %d+ )(%d+)( %d+ )(%d+) (%d+)( .*)$')
  return head .. string.format('%.0f', changes + 1) .. last .. (through or trimmed) .. string.format(' %.0f', math.max(0, bytes + grown)) .. rest
end
`

/**
 * KEYS log, ids. ARGV after, before, limit, how many bytes, order. `ok more whose message ...`, in that order; `gone`,
 * `corrupt reason`.
 */
export const pageScript = new RedisScript(String.raw`
${openLog}
${collect}
local low, high = math.max(tonumber(ARGV[1]), trimmed) + 1, math.min(tonumber(ARGV[2]) - 1, last)
local count, reply = high - low + 1, {'ok', 0, who}
local from, step = low, 1
if ARGV[5] == 'desc' then from, step = high, -1 end
local wrong = collect(reply, from, math.min(count, tonumber(ARGV[3])), step, tonumber(ARGV[4]))
if wrong then return {'corrupt', wrong} end
if count > #reply - 3 then reply[2] = 1 end
return reply
`)

/**
 * KEYS log, ids. ARGV a seq and a payload for each amendment, then incarnation and changes. `ok count`; `gone`,
 * `corrupt reason`.
 */
export const amendScript = new RedisScript(String.raw`
${openLog}
${isMeant}
if not meant(old, ARGV[#ARGV - 1], ARGV[#ARGV]) then return {'gone', 'log'} end
local heads, sizes, count, grown = {}, {}, 0, 0
for i = 1, #ARGV - 2, 2 do
  local seq = tonumber(ARGV[i])
  if seq > trimmed and seq <= last then
    local m = redis.call('LINDEX', log, last - seq + 3)
    local head = string.match(m, '^m%d+ %d+ %S* ')
    if not head then return {'corrupt', 'message'} end
    grown = grown + #ARGV[i + 1] - (sizes[seq] or #m - #head)
    heads[i], sizes[seq], count = head, #ARGV[i + 1], count + 1
  end
end
for i = 1, #ARGV - 2, 2 do
  if heads[i] then redis.call('LSET', log, last - tonumber(ARGV[i]) + 3, heads[i] .. ARGV[i + 1]) end
end
if count > 0 then redis.call('LSET', log, 0, counted(old, grown)) end
return {'ok', count}
`)

/**
 * KEYS log, ids. ARGV throughSeq, at most how many, how many bytes, incarnation, changes. `ok dropped left`; `gone`,
 * `corrupt reason`.
 */
export const trimScript = new RedisScript(String.raw`
${mayAll('HDEL', 'LTRIM', 'LSET')}
${openLog}
${collect}
${isMeant}
if not meant(old, ARGV[4], ARGV[5]) then return {'gone', 'log'} end
local due = math.min(tonumber(ARGV[1]), last) - trimmed
if due <= 0 then return {'ok', 0, 0} end
local gone = {}
local wrong = collect(gone, trimmed + 1, math.min(due, tonumber(ARGV[2])), 1, tonumber(ARGV[3]))
if wrong then return {'corrupt', wrong} end
local dropped = 0
for i, m in ipairs(gone) do
  dropped = dropped + payload(m)
  gone[i] = string.match(m, '^m%d+ %d+ (%S*) ')
  if not gone[i] then return {'corrupt', 'message'} end
end
for i = 1, #gone, 1000 do
  redis.call('HDEL', ids, unpack(gone, i, math.min(i + 999, #gone)))
end
redis.call('LTRIM', log, 0, -#gone - 1)
redis.call('LSET', log, 0, counted(old, -dropped, trimmed + #gone))
return {'ok', #gone, due - #gone}
`)

/**
 * KEYS log, ids, and both of a begun copy. ARGV incarnation, changes or nothing. The reply says how many of the first
 * two keys there were, and the record or nothing. The script also removes a session that cannot be read.
 */
export const removeScript = new RedisScript(String.raw`
${isMeant}
local old = redis.pcall('LINDEX', KEYS[1], 0)
if type(old) == 'string' then
  if not meant(old, ARGV[1], ARGV[2]) then return {0, ''} end
end
local begun = redis.pcall('LINDEX', KEYS[3], 0)
if type(old) == 'string' or type(begun) ~= 'string' or meant(begun, ARGV[1], ARGV[2]) then
  redis.call('UNLINK', KEYS[3], KEYS[4])
end
return {redis.call('UNLINK', KEYS[1], KEYS[2]), type(old) == 'string' and old or ''}
`)

/**
 * KEYS log, ids, and both of a begun copy. ARGV the incarnation, changes, lastSeq and trimmedSeq of a copy, its
 * deadline or `-`, 1 when more parts follow, record, body, the seq of its first message or 0, then an id, a time and a
 * payload for each message. `ok record` with the record as it was, or nothing; `same` when the copy is there already;
 * `newer revision`, `part`, `twice`, `corrupt reason`: nothing of the copy is visible.
 */
export const restoreScript = new RedisScript(String.raw`
${mayAll('RPUSH', 'LINSERT', 'LLEN', 'LSET', 'HSETNX', 'HLEN', 'PEXPIRE', 'PEXPIREAT', 'PERSIST', 'RENAME', 'UNLINK')}
local call, log, ids, begun, begunIds = redis.call, KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local inc, changes, last, trimmed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ends, more, record, body, first = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
local function stateOf(text)
  local rev, count, has = string.match(text, '^r3 %S+ (%d+) (%d+) %d+ %d+ %d+ %d+ %d+ %d+ %S+ %S+ (%S*) ')
  return tonumber(rev), tonumber(count), has
end
local old = call('LINDEX', log, 0)
if old then
  local rev, count, has = stateOf(old)
  if not rev then return {'corrupt', 'record'} end
  if has ~= inc or count > changes then return {'newer', rev} end
  if count == changes then
    call('UNLINK', begun, begunIds)
    return {'same', old}
  end
end
local head = call('LINDEX', begun, 0)
local next = trimmed + 1
if head then
  local _, count, has = stateOf(head)
  if has == inc and count == changes then
    next = trimmed + call('LLEN', begun) - 2
  else
    head = false
    call('UNLINK', begun, begunIds)
  end
end
if first > next then return {'part'} end
if not head then call('RPUSH', begun, record, body, '|') end
for i = 10, #ARGV, 3 do
  local seq = first + (i - 10) / 3
  if seq >= next then
    if call('HSETNX', begunIds, ARGV[i], seq) == 0 then
      call('UNLINK', begun, begunIds)
      return {'twice', seq}
    end
    call('LINSERT', begun, 'AFTER', '|', 'm' .. seq .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 2])
  end
end
if more == '1' then
  call('PEXPIRE', begun, 3600000)
  call('PEXPIRE', begunIds, 3600000)
  return {'ok', ''}
end
if call('LLEN', begun) ~= last - trimmed + 3 or call('HLEN', begunIds) ~= last - trimmed then return {'part'} end
call('LSET', begun, 0, record)
call('LSET', begun, 1, body)
call('PERSIST', begun)
call('PERSIST', begunIds)
call('RENAME', begun, log)
if last > trimmed then call('RENAME', begunIds, ids) else call('UNLINK', ids) end
if ends ~= '-' then
  local moment = string.format('%.0f', ends - 1)
  call('PEXPIREAT', log, moment)
  call('PEXPIREAT', ids, moment)
end
return {'ok', old or ''}
`)

/** KEYS log .... The reply has for each log its record, or nothing when it is absent, or `!` when it cannot be read. */
export const recordsScript = new RedisScript(String.raw`
local records = {}
for i, log in ipairs(KEYS) do
  local record = redis.pcall('LINDEX', log, 0)
  records[i] = type(record) == 'table' and '!' or record or ''
end
return records
`)

/**
 * KEYS index .... ARGV an op, the number of a key, a score and a member for each change. `+` puts the member there or
 * moves it forward, `=` puts it there or moves it, `-` takes it out. `~` takes it out only if it has that score. `?`
 * does so only if that score is also the negated time of more than a minute ago: younger entries may be of commits
 * under way. `!` puts the member there as of now, or moves it there, and `d` by so many milliseconds from now. The
 * reply says how many members the script took out of the first key.
 */
export const indexScript = new RedisScript(String.raw`
local taken, time = 0, redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 4 do
  local op, key, score, member = ARGV[i], KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2], ARGV[i + 3]
  if op == '+' then redis.call('ZADD', key, 'LT', score, member)
  elseif op == '=' then redis.call('ZADD', key, score, member)
  elseif op == '!' then redis.call('ZADD', key, 'LT', string.format('%.0f', -now), member)
  elseif op == 'd' then redis.call('ZADD', key, 'LT', string.format('%.0f', now + score), member)
  elseif op == '-' or tonumber(redis.call('ZSCORE', key, member) or 'nan') == tonumber(score)
    and (op == '~' or -score < now - 60000) then
    local count = redis.call('ZREM', key, member)
    if ARGV[i + 1] == '1' then taken = taken + count end
  end
end
return taken
`)

/**
 * KEYS index. ARGV score, member, offset, count. The reply has members and scores after that place. When the member is
 * no longer there, it has those from that score and an offset on, so that entries before the place come along.
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

/** KEYS due. ARGV count. The reply has members and scores of sessions whose deadline has come. */
export const dueScript = new RedisScript(String.raw`
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
`)
