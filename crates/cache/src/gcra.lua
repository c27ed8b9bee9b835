-- Counts requests by the generic cell rate algorithm (ITU-T I.371). What is stored is when the quota is whole again.
-- KEYS: the counter. ARGV: the limit; the window in microseconds; how many requests to count at most.
-- Gives: how many were counted, none where none may pass; how many more may follow at once; microseconds, as the port
-- has them.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local step = window / limit
-- A clock that went back must not shut anybody out for longer than the window.
local whole = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now), now + window)
-- Numbers of this size are exact to a quarter of a microsecond.
local free = math.floor((now + window - whole + 1) / step)
local counted = math.min(wanted, free)
if counted < 1 then
  return { 0, 0, math.ceil(whole + step - window - now) }
end
local after = whole + counted * step
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil((after - now) / 1000))
return { counted, free - counted, math.ceil(after - now) }
