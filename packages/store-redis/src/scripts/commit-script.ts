import { mayAll, RedisScript } from './redis-script.js'

// No script of this package has a `#!lua` line, for two reasons: Redis 6.2 does not know it, and with it Redis 7
// refuses whole scripts when memory is full, also those that only read or delete. Without the line Redis refuses the
// first command that may need memory, and lets the rest through once something was written. So the first write of
// `commit` and `amend` is a command that Redis refuses, before anything has changed. `trim` and `remove` begin with a
// command that Redis allows.

/**
 * `record`, as `string.match` takes it apart: see `stored-record.ts`. Fields that few commits need stay in one piece.
 */
const recordPattern = "'^r3 (%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) %d+ (%d+) (%S+) (%S+) (%S*) (.*)$'"

/**
 * KEYS log, ids. ARGV `revision incarnation idleMs absoluteMs op whose owner maxSeq maxBytes lifetime`,
 * `userId label title` or nothing at all, body, then an id and a payload for each message. The arguments are few,
 * because each of them costs time on every way. An empty field was not given. Names, incarnation and owner follow a
 * `=`, a body follows a `b`.
 *
 * Every reply has the op after its first word:
 *
 * - `ok record`, in one text: the reply to nearly every commit. All messages are new.
 * - `ok record due [place ...]`: `due` is empty, or `+` when the indexes have to be told, or the record as it was when
 *   its names changed. A place is `0` for a message now stored, `seq at` for a message that was there. Without places
 *   all messages are new.
 * - `again record place ...`: this very commit was applied before; its sender's client has sent it twice.
 * - `gone`, `revision n record`, `id index`, `full messages|bytes`, `corrupt reason`: nothing was changed.
 */
export const commitScript = new RedisScript(String.raw`
${mayAll('RPUSH', 'LINSERT', 'LREM', 'LSET', 'HSETNX', 'HGET', 'HDEL', 'PEXPIREAT')}
local call, match = redis.call, string.match
local log, ids = KEYS[1], KEYS[2]
local want, inc, idle, absolute, op, whose, owner, maxSeq, maxBytes, lifetime =
  match(ARGV[1], '^(%S*) (%S*) (%S*) (%S*) (%S*) (%S*) (%S*) (%S*) (%S*) (%S*)$')
local names, body, n = ARGV[2], ARGV[3], #ARGV
local time = call('TIME')
local at = string.format('%s%03d', time[1], time[2] / 1000)
local now = tonumber(at)

local old = call('LINDEX', log, 0)
local who, rev, changes, last, trimmed, bytes, created, active, expires, own = whose, '0', 0, 0, 0, 0, at, at, '-', '-'
local has, rest = string.sub(inc, 2), '   '
if old then
  who, rev, changes, last, trimmed, bytes, created, active, expires, own, has, rest = match(old, ${recordPattern})
  if not rev or who ~= whose then return {'corrupt', op, 'record'} end
  -- The keys may still be there in the millisecond of the deadline, when the session is past it.
  if expires ~= '-' and tonumber(expires) <= now then
    call('UNLINK', log, ids)
    old, rev, changes, last, trimmed, bytes, created, active, expires, own = false, '0', 0, 0, 0, 0, at, at, '-', '-'
    has, rest = string.sub(inc, 2), '   '
  end
end
if old then
  last, trimmed = tonumber(last), tonumber(trimmed)
  if want ~= '0' and inc ~= '' and inc ~= '=' .. has then return {'gone', op} end
  if owner ~= '' and (owner == '=' or owner ~= '=' .. match(rest, '^%S* (%S*) ')) then return {'gone', op} end
  if want ~= '' and want ~= rev then
    local place = (rev - want - 1) * 8
    if (body == '' and want ~= '0') or place < 0 or string.sub(rest, place + 1, place + 8) ~= op then
      return {'revision', op, tonumber(rev), old}
    end
    local again = {'again', op, old}
    for i = 4, n, 2 do
      local seq = call('HGET', ids, ARGV[i])
      local m = seq and tonumber(seq) and call('LINDEX', log, last - seq + 3)
      local sent = m and match(m, '^m%d+ (%d+) ')
      if not sent then return {'revision', op, tonumber(rev), old} end
      again[#again + 1] = seq .. ' ' .. sent
    end
    return again
  end
elseif call('EXISTS', ids) == 1 then
  return {'corrupt', op, 'log'}
elseif want ~= '0' then
  return {'gone', op}
end

local count = last - trimmed
local seen, places, fresh, known, added = {}, {}, {}, false, 0

local function refuse(reply)
  for i = 1, #fresh, 1000 do call('HDEL', ids, unpack(fresh, i, math.min(i + 999, #fresh))) end
  return reply
end

if n > 3 then
  if old and call('HLEN', ids) ~= count then return {'corrupt', op, 'ids'} end
  for i = 4, n, 2 do
    local id, payload = ARGV[i], ARGV[i + 1]
    local first = seen[id]
    if first then
      if ARGV[first + 1] ~= payload then return refuse({'id', op, (i - 4) / 2}) end
      places[i], known = first, true
    else
      seen[id] = i
      -- The script takes the id for new, as it nearly always is: HSETNX tells, and gives it its place at once.
      if call('HSETNX', ids, id, last + #fresh + 1) == 1 then
        fresh[#fresh + 1] = id
        added = added + #payload
      else
        local seq = call('HGET', ids, id)
        local m = tonumber(seq) and call('LINDEX', log, last - seq + 3)
        local sent = m and match(m, '^m' .. seq .. ' (%d+) ')
        if not sent then return refuse({'corrupt', op, 'message'}) end
        if m ~= 'm' .. seq .. ' ' .. sent .. ' ' .. id .. ' ' .. payload then
          return refuse({'id', op, (i - 4) / 2})
        end
        places[i], known = seq .. ' ' .. sent, true
      end
    end
  end
end

if #fresh > 0 then
  if maxSeq ~= '' and last + #fresh > tonumber(maxSeq) then return refuse({'full', op, 'messages'}) end
  if maxBytes ~= '' and bytes + added > tonumber(maxBytes) then return refuse({'full', op, 'bytes'}) end
end

local due = ''
if old then
  if now - active >= 60000 then active, due = at, '+' end
else
  due = '+'
end
local ends = expires
if lifetime ~= '' then own = lifetime end
local ownIdle, ownAbsolute = match(own, '^([^,]*),(.*)$')
if ownIdle and ownIdle ~= '' then idle = ownIdle == '*' and '' or ownIdle end
if ownAbsolute and ownAbsolute ~= '' then absolute = ownAbsolute == '*' and '' or ownAbsolute end
if idle ~= '' or absolute ~= '' then
  local moment = math.huge
  if idle ~= '' then moment = now + idle end
  if absolute ~= '' then moment = math.min(moment, created + absolute) end
  ends = string.format('%.0f', moment)
  if expires == '-' or moment < tonumber(expires) then due = '+' end
end
if body ~= '' or not old or names ~= '' then
  local ops, user, label, title = match(rest, '^(%S*) (%S*) (%S*) (.*)$')
  if not ops then return {'corrupt', op, 'record'} end
  local named = user .. ' ' .. label
  if names ~= '' then
    local newUser, newLabel, newTitle = match(names, '^(%S*) (%S*) (.*)$')
    if newUser ~= '' then user = string.sub(newUser, 2) end
    if newLabel ~= '' then label = string.sub(newLabel, 2) end
    if newTitle ~= '' then title = string.sub(newTitle, 2) end
  end
  if old and named ~= user .. ' ' .. label then due = old end
  if body ~= '' or not old then
    rev = string.format('%.0f', rev + 1)
    ops = string.sub(op .. ops, 1, 64)
  end
  rest = ops .. ' ' .. user .. ' ' .. label .. ' ' .. title
end

local record = 'r3 ' .. who .. ' ' .. rev .. ' ' .. string.format('%.0f', changes + 1) .. ' ' .. (last + #fresh) .. ' ' .. trimmed ..
  ' ' .. string.format('%.0f', bytes + added) .. ' ' .. created .. ' ' .. at .. ' ' .. active .. ' ' .. ends .. ' ' .. own ..
  ' ' .. has .. ' ' .. rest
if not old then call('RPUSH', log, record, body == '' and 'b' or body, '|') end
if #fresh > 0 then
  local seq = last
  for i = 4, n, 2 do
    if not places[i] then
      seq = seq + 1
      if known then places[i] = 0 end
      local m = 'm' .. seq .. ' ' .. at .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 1]
      local length = call('LINSERT', log, 'AFTER', '|', m)
      if length ~= seq - trimmed + 3 then
        -- The first message shows the fault, and nothing else has changed by then.
        if length > 0 then call('LREM', log, 1, m) end
        return refuse({'corrupt', op, 'messages'})
      end
    end
  end
end
if old then
  call('LSET', log, 0, record)
  if body ~= '' then call('LSET', log, 1, body) end
end
-- A key lives through the millisecond of its PEXPIREAT, but a session must end when its millisecond begins.
if ends ~= expires then
  local moment = string.format('%.0f', ends - 1)
  call('PEXPIREAT', log, moment)
  call('PEXPIREAT', ids, moment)
elseif ends ~= '-' and #fresh > 0 and count == 0 then
  call('PEXPIREAT', ids, string.format('%.0f', ends - 1))
end

if due == '' and not known then return 'ok ' .. op .. ' ' .. record end
local reply = {'ok', op, record, due}
if known then
  local seqs, seq = {}, last
  for i = 4, n, 2 do
    local place = places[i]
    if place == 0 then
      seq = seq + 1
      seqs[i] = seq .. ' ' .. at
      place = '0'
    elseif type(place) == 'number' then
      place = seqs[place] or places[place]
    end
    reply[#reply + 1] = place
  end
end
return reply
`)
