-- Counts one request by the generic cell rate algorithm (ITU-T I.371). What is stored is when the quota is whole again.
-- KEYS: the counter. ARGV: the limit; the window in microseconds.
-- Gives: 1 or 0 for allowed or not; how many more may follow at once; microseconds, as the port has them.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local step = window / limit
-- A clock that went back must not shut anybody out for longer than the window.
local whole = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now), now + window)
local after = whole + step
local early = after - window - now
if early > 0.5 then
  return { 0, 0, math.ceil(early) }
end
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil((after - now) / 1000))
return { 1, math.floor((window - (after - now)) / step + 0.001), math.ceil(after - now) }
