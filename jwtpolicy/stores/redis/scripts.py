"""Hold the Lua scripts that change entries, each in one atomic step of one slot."""

from __future__ import annotations

from hashlib import sha1
from typing import Final

from ..base import FOREVER, MAX_LEEWAY

# The server's clock only counts lifetimes down; what time it is, the caller says.
_SHARED: Final = (
    f"""
local FOREVER, LEEWAY = {FOREVER}, {MAX_LEEWAY}
"""
    + """
local ENDED, USED, EXPIRES, IDLE, KEPT_UNTIL, REFRESH, PREVIOUS = 1, 3, 4, 5, 6, 7, 8

local function unpack_record(raw)
  return {struct.unpack('>Bi8i8i8i8i8I4c0I4c0I4c0I4c0', raw)}
end

local function pack_record(r)
  return struct.pack('>Bi8i8i8i8i8I4c0I4c0I4c0I4c0', r[1], r[2], r[3], r[4], r[5], r[6],
    #r[7], r[7], #r[8], r[8], #r[9], r[9], #r[10], r[10])
end

local function put(key, value, ends, now)
  if ends >= FOREVER then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'EX', math.max(1, ends + LEEWAY - now))
  end
end

-- Seconds that a key still has, or infinity.
local function left(key)
  local ttl = redis.call('TTL', key)
  if ttl == -1 then return math.huge end
  return ttl
end

local function put_for_longest(key, value, ends, now)
  local old = left(key)
  if ends < FOREVER and old ~= math.huge and now + old - LEEWAY > ends then
    ends = now + old - LEEWAY
  end
  if old == math.huge then ends = FOREVER end
  put(key, value, ends, now)
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
  r[ENDED] = 1
  save(key, r, now)
  redis.call('DEL', kept)
end

local function list(index, session_id, ends, now)
  redis.call('ZADD', index, ends, session_id)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now - LEEWAY)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if #last == 0 or tonumber(last[2]) >= FOREVER then
    redis.call('PERSIST', index)
  else
    redis.call('EXPIRE', index, math.max(1, tonumber(last[2]) + LEEWAY - now))
  end
end
"""
)


class Script:
    """A script, and the name that the server knows it by once it has run it."""

    __slots__ = ("name", "text")

    def __init__(self, body: str) -> None:
        self.text = _SHARED + body
        self.name = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


#: KEYS: session, index if it lies in the same slot. ARGV: record, session id, expiry, now.
OPEN: Final = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = tonumber(ARGV[4])
save(KEYS[1], unpack_record(ARGV[1]), now)
if KEYS[2] then list(KEYS[2], ARGV[2], tonumber(ARGV[3]), now) end
return 1
""")

#: KEYS: index. ARGV: session id, expiry, now.
LIST: Final = Script("""
list(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
""")

#: KEYS: session, kept. ARGV: presented id, successor's id, now, idle expiry or 0, grace, what is
#: to be kept if there is anything.
ROTATE: Final = Script("""
local raw = redis.call('GET', KEYS[1])
if not raw then return {'ended'} end
local r, now = unpack_record(raw), tonumber(ARGV[3])
if is_over(r, now) then return {'ended'} end
if ARGV[1] == r[REFRESH] then
  local grace = tonumber(ARGV[5])
  r[PREVIOUS], r[REFRESH], r[USED], r[IDLE] = r[REFRESH], ARGV[2], now, tonumber(ARGV[4])
  r[KEPT_UNTIL] = now + grace
  if ARGV[6] and grace > 0 then
    redis.call('SET', KEYS[2], ARGV[6], 'EX', grace)
  else
    redis.call('DEL', KEYS[2])
  end
  save(KEYS[1], r, now)
  return {'rotated'}
end
local kept = redis.call('GET', KEYS[2])
if kept and ARGV[1] == r[PREVIOUS] and now < r[KEPT_UNTIL] then return {'repeated', kept} end
finish(KEYS[1], KEYS[2], r, now)
return {'reused'}
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

#: KEYS: cut-off, index, then session and kept of each session. ARGV: now, until, session ids.
END_ALL: Final = Script("""
local now, until_ = tonumber(ARGV[1]), tonumber(ARGV[2])
local cut_off = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
put_for_longest(KEYS[1], string.format('%d', cut_off), until_, now)
for n = 3, #KEYS, 2 do
  local raw = redis.call('GET', KEYS[n])
  if raw then finish(KEYS[n], KEYS[n + 1], unpack_record(raw), now) end
  redis.call('ZREM', KEYS[2], ARGV[3 + (n - 3) / 2])
end
""")

#: KEYS: token. ARGV: expiry, now.
REVOKE: Final = Script("""
put_for_longest(KEYS[1], '1', tonumber(ARGV[1]), tonumber(ARGV[2]))
""")
