"""The Lua scripts that change entries, each in one atomic step in one slot."""

from __future__ import annotations

from hashlib import sha1
from typing import Final

from ..base import FOREVER, MAX_LEEWAY, MAX_LOGIN, MAX_PREDECESSORS
from .records import OTHER_VERSION, VERSION

# What time it is, the caller says; but nothing is deleted before the server's own clock has come
# that far as well. A machine whose clock is ahead would else take from the others what they need.
_SHARED: Final = (
    f"""
local FOREVER, LEEWAY, LOGIN, USED_UP = {FOREVER}, {MAX_LEEWAY}, {MAX_LOGIN}, {MAX_PREDECESSORS}
local VERSION, OTHER_VERSION = {VERSION}, '{OTHER_VERSION}'
"""
    + """
local ENDED, CREATED, USED, EXPIRES, IDLE, REPLACED_AT = 2, 3, 4, 5, 6, 7
local REFRESH, REPLACED_BY, PREDECESSORS = 8, 9, 13

local CLOCK = tonumber(redis.call('TIME')[1])
local function earlier(now) return math.min(now, CLOCK) end

local function unpack_record(raw)
  if string.byte(raw, 1) ~= VERSION then error(OTHER_VERSION) end
  return {struct.unpack('>BBi8i8i8i8i8I4c0I4c0I4c0I4c0I4c0I4c0', raw)}
end

local function pack_record(r)
  return struct.pack('>BBi8i8i8i8i8I4c0I4c0I4c0I4c0I4c0I4c0', VERSION, r[2], r[3], r[4], r[5],
    r[6], r[7], #r[8], r[8], #r[9], r[9], #r[10], r[10], #r[11], r[11], #r[12], r[12],
    #r[13], r[13])
end

local function put(key, value, ends, now)
  if ends >= FOREVER then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'EX', math.max(1, ends + LEEWAY - earlier(now)))
  end
end

local function put_for_longest(key, value, ends, now)
  local left = redis.call('TTL', key)
  if left == -1 or ends >= FOREVER then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'EX', math.max(1, left, ends + LEEWAY - earlier(now)))
  end
end

-- An open session is needed until it idles away. An ended one is what its access tokens are
-- refused by, and they may live as long as it could have.
local function save(key, r, now)
  local ends = r[EXPIRES]
  if r[ENDED] == 0 and r[IDLE] > 0 and r[IDLE] < ends then ends = r[IDLE] end
  put(key, pack_record(r), ends, now)
end

local function is_over(r, now)
  return r[ENDED] == 1 or now >= r[EXPIRES] or (r[IDLE] > 0 and now >= r[IDLE])
end

local function finish(key, kept, r, now)
  r[ENDED], r[PREDECESSORS] = 1, ''
  save(key, r, now)
  redis.call('DEL', kept)
end

-- Two lists of a subject's sessions: by when they were opened, and by when they end at the latest.
local function list(by_age, by_end, session_id, created, ends, now)
  redis.call('ZADD', by_age, created, session_id)
  redis.call('ZADD', by_end, ends, session_id)
  local over = redis.call('ZRANGEBYSCORE', by_end, '-inf', earlier(now) - LEEWAY, 'LIMIT', 0, 100)
  if #over > 0 then
    redis.call('ZREM', by_age, unpack(over))
    redis.call('ZREM', by_end, unpack(over))
  end
  local last = redis.call('ZRANGE', by_end, -1, -1, 'WITHSCORES')
  for _, key in ipairs({by_age, by_end}) do
    if tonumber(last[2]) >= FOREVER then
      redis.call('PERSIST', key)
    else
      redis.call('EXPIRE', key, math.max(1, tonumber(last[2]) + LEEWAY - earlier(now)))
    end
  end
end

local function is_cut_off(floor, since)
  local found = redis.call('GET', floor)
  return since >= 0 and found and since < tonumber(found)
end

-- The used tokens that may still be repeated, each with its deadline.
local function predecessors(r, now)
  local found, raw, at = {}, r[PREDECESSORS], 1
  while at <= #raw do
    local deadline, id, after = struct.unpack('>i8I4c0', raw, at)
    at = after
    if now < deadline then table.insert(found, {deadline, id}) end
  end
  return found
end

local function unlist(by_age, by_end, id)
  redis.call('ZREM', by_age, id)
  redis.call('ZREM', by_end, id)
end

-- End all live sessions of a subject but the newest ones, of those whose ids the store made, which
-- lie in this slot: their ids begin with `own`. What begins with `record` and `pair` are the names
-- of keys. Returns the ids of those that were ended.
local function end_oldest(by_age, by_end, remaining, now, own, record, pair)
  local ended = {}
  for _, id in ipairs(redis.call('ZREVRANGE', by_age, 0, -1)) do
    if string.sub(id, 1, #own) == own then
      local raw = redis.call('GET', record .. id)
      local r = raw and unpack_record(raw)
      if r and not is_over(r, now) then remaining = remaining - 1 end
      if r and not is_over(r, now) and remaining < 0 then
        finish(record .. id, pair .. id, r, now)
        table.insert(ended, id)
      end
      if not r or r[ENDED] == 1 then unlist(by_age, by_end, id) end
    end
  end
  return ended
end

-- What a refresh token is to its session: SessionRecord.judge.
local function judge(r, presented, issued_at, now)
  if is_over(r, now) then return 'ended' end
  if presented == r[REFRESH] then return 'current' end
  for _, one in ipairs(predecessors(r, now)) do
    if one[2] == presented then return 'repeated' end
  end
  local is_void = r[REPLACED_AT] > 0 and issued_at <= r[REPLACED_AT]
  if is_void and presented ~= r[REPLACED_BY] then return 'replaced' end
  return 'reused'
end

-- The same, of which a reused token ends the session. A pair that was erased cannot be repeated.
local function present(key, kept, presented, issued_at, now)
  local raw = redis.call('GET', key)
  if not raw then return {'ended'} end
  local r = unpack_record(raw)
  local state = judge(r, presented, issued_at, now)
  if state == 'repeated' then
    local pair = redis.call('GET', kept)
    if pair then return {state, pair}, r end
    state = 'reused'
  end
  if state == 'reused' then finish(key, kept, r, now) end
  return {state}, r
end
"""
)


class Script:
    """A Lua script with its SHA-1, by which the server knows it after the first run."""

    __slots__ = ("name", "text")

    def __init__(self, body: str) -> None:
        self.text = _SHARED + body
        self.name = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


#: KEYS: session, then floor and the lists if they lie in the same slot. ARGV: record, session id,
#: created, expiry, now, since or -1; maximum or 0, and the beginnings that `end_oldest` takes.
#: Returns the ids of the sessions that were ended for it, and what became of it.
OPEN: Final = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then return {{}, 'known'} end
local now, maximum, ended = tonumber(ARGV[5]), tonumber(ARGV[7]), {}
if KEYS[2] and is_cut_off(KEYS[2], tonumber(ARGV[6])) then return {{}, 'cut off'} end
if maximum > 0 then
  ended = end_oldest(KEYS[3], KEYS[4], maximum - 1, now, ARGV[8], ARGV[9], ARGV[10])
end
save(KEYS[1], unpack_record(ARGV[1]), now)
if KEYS[2] then list(KEYS[3], KEYS[4], ARGV[2], ARGV[3], tonumber(ARGV[4]), now) end
return {ended, 'opened'}
""")

#: KEYS: floor, lists. ARGV: session id, created, expiry, now, since or -1.
LIST: Final = Script("""
if is_cut_off(KEYS[1], tonumber(ARGV[5])) then return 'cut off' end
list(KEYS[2], KEYS[3], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
return 'opened'
""")

#: KEYS: session, token, cut-off, lists. ARGV: record, session id, created, expiry, now, when the
#: token was issued, leeway, when the token expires; maximum or 0, and the beginnings that
#: `end_oldest` takes. Returns the ids of the sessions that were ended for it, and the record if
#: there is one.
ADOPT: Final = Script("""
local raw, token = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local now = tonumber(ARGV[5])
if raw then
  if token == '1' or is_over(unpack_record(raw), now) then return {{}} end
  return {{}, raw}
end
local cut_off = redis.call('GET', KEYS[3])
if token then return {{}} end
if cut_off and tonumber(ARGV[6]) < tonumber(cut_off) + 1 + tonumber(ARGV[7]) then return {{}} end
local maximum, ended = tonumber(ARGV[9]), {}
if maximum > 0 then
  ended = end_oldest(KEYS[4], KEYS[5], maximum - 1, now, ARGV[10], ARGV[11], ARGV[12])
end
put_for_longest(KEYS[2], '0', tonumber(ARGV[8]), now)
save(KEYS[1], unpack_record(ARGV[1]), now)
list(KEYS[4], KEYS[5], ARGV[2], ARGV[3], tonumber(ARGV[4]), now)
return {ended, ARGV[1]}
""")

#: KEYS: session, kept. ARGV: presented id, when it was issued, now, successor's id, idle expiry or
#: 0, grace, what is to be kept if there is anything.
ROTATE: Final = Script("""
local now, grace = tonumber(ARGV[3]), tonumber(ARGV[6])
local answer, r = present(KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), now)
if answer[1] ~= 'current' then return answer end
local used = ''
if ARGV[7] and grace > 0 then
  local recent = predecessors(r, now)
  table.insert(recent, {now + grace, r[REFRESH]})
  for n = math.max(1, #recent - USED_UP + 1), #recent do
    used = used .. struct.pack('>i8I4c0', recent[n][1], #recent[n][2], recent[n][2])
  end
  redis.call('SET', KEYS[2], ARGV[7], 'EX', now + grace - earlier(now))
else
  redis.call('DEL', KEYS[2])
end
r[REFRESH], r[USED], r[IDLE], r[PREDECESSORS] = ARGV[4], now, tonumber(ARGV[5]), used
save(KEYS[1], r, now)
return {'rotated'}
""")

#: KEYS: session, kept. ARGV: presented id, when it was issued, now.
PRESENT: Final = Script("""
return (present(KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])))
""")

#: KEYS: session, kept. ARGV: expected id, now, successor's id, idle expiry or 0, new facts if any.
REPLACE: Final = Script("""
local raw, now = redis.call('GET', KEYS[1]), tonumber(ARGV[2])
local r = raw and unpack_record(raw)
if not r or is_over(r, now) or r[REFRESH] ~= ARGV[1] then return 0 end
r[REPLACED_AT], r[REPLACED_BY] = math.max(now, r[USED]), ARGV[3]
r[REFRESH], r[USED], r[IDLE], r[PREDECESSORS] = ARGV[3], now, tonumber(ARGV[4]), ''
if ARGV[5] then r[12] = ARGV[5] end
redis.call('DEL', KEYS[2])
save(KEYS[1], r, now)
return 1
""")

#: KEYS: session. ARGV: now, idle expiry or 0. Returns the record.
TOUCH: Final = Script("""
local raw = redis.call('GET', KEYS[1])
if not raw then return false end
local r, now = unpack_record(raw), tonumber(ARGV[1])
if is_over(r, now) then return false end
r[USED], r[IDLE] = now, tonumber(ARGV[2])
save(KEYS[1], r, now)
return pack_record(r)
""")

#: KEYS: session, kept. ARGV: now, the record of a session that is not known.
END: Final = Script("""
local now = tonumber(ARGV[1])
finish(KEYS[1], KEYS[2], unpack_record(redis.call('GET', KEYS[1]) or ARGV[2]), now)
""")

#: KEYS: the list of before version 2, cut-off, floor, lists. ARGV: now, until or -1 where tokens
#: without a session stay, now in microseconds, the beginnings that `end_oldest` takes, the id that
#: goes on if one does. Notes when the sessions were ended, for whoever is logging in, and ends
#: them. Returns how many were live, and the ids that somebody else made, of sessions elsewhere.
END_ALL: Final = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then error(OTHER_VERSION) end
local now, until_ = tonumber(ARGV[1]), tonumber(ARGV[2])
if until_ >= 0 then
  local cut_off = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now)
  put_for_longest(KEYS[2], string.format('%d', cut_off), until_, now)
end
local floor = redis.call('GET', KEYS[3])
if not floor or tonumber(floor) < tonumber(ARGV[3]) then floor = ARGV[3] end
put_for_longest(KEYS[3], floor, now + LOGIN, now)
local live, elsewhere = 0, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  if id == ARGV[7] then
    -- It goes on.
  elseif string.sub(id, 1, #ARGV[4]) ~= ARGV[4] then
    table.insert(elsewhere, id)
  else
    local raw = redis.call('GET', ARGV[5] .. id)
    local r = raw and unpack_record(raw)
    if r then
      if not is_over(r, now) then live = live + 1 end
      finish(ARGV[5] .. id, ARGV[6] .. id, r, now)
    end
    unlist(KEYS[4], KEYS[5], id)
  end
end
return {live, elsewhere}
""")

#: KEYS: token. ARGV: expiry, now.
REVOKE: Final = Script("""
put_for_longest(KEYS[1], '1', tonumber(ARGV[1]), tonumber(ARGV[2]))
""")

#: KEYS: token. ARGV: expiry, now.
CONSUME: Final = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
put(KEYS[1], '0', tonumber(ARGV[1]), tonumber(ARGV[2]))
return 1
""")

#: KEYS: a session. Returns its record as it is written now, and 1 where it was of before version 2;
#: nothing where there is none. Who used a token moments before is refused, and no thief.
UPGRADE: Final = Script("""
local raw = redis.call('GET', KEYS[1])
if not raw then return false end
if string.byte(raw, 1) > 1 then return {raw, 0} end
local o = {struct.unpack('>Bi8i8i8i8i8I4c0I4c0I4c0I4c0', raw)}
local r = {VERSION, o[1], o[2] * 1000000, o[3], o[4], o[5], 0, o[7], '', o[9], o[10], '', ''}
if o[6] > 0 then r[REPLACED_AT], r[REPLACED_BY] = o[3], o[7] end
local left = redis.call('TTL', KEYS[1])
if left == -1 then
  redis.call('SET', KEYS[1], pack_record(r))
else
  redis.call('SET', KEYS[1], pack_record(r), 'EX', math.max(1, left))
end
return {pack_record(r), 1}
""")
