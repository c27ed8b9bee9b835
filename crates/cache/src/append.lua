-- Adds entries to the stream of a run.
-- KEYS: the stream; its newest epoch and position. ARGV: the channel to wake readers on; the most entries; the seconds
-- to keep them; then for each entry its position, epoch, kind (e or s) and payload.
-- Gives 1, or 0 where the entries do not follow what is there.
local stream, newest_of = KEYS[1], KEYS[2]
local channel, most, seconds = ARGV[1], ARGV[2], ARGV[3]
local epoch, newest
local known = redis.call('GET', newest_of)
if known then
  newest, epoch = string.match(known, '^(%d+) (.*)$')
  newest = tonumber(newest)
end
local added = false
for first = 4, #ARGV, 4 do
  local position, its_epoch, kind, payload = tonumber(ARGV[first]), ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local id = ARGV[first] .. '-0'
  local follows = epoch == its_epoch
  if not (follows and position <= newest) then
    if kind == 's' or (position == 1 and not follows) then
      redis.call('DEL', stream)
      redis.call('XADD', stream, id, 'e', its_epoch, 'k', kind, 'p', payload)
    else
      if not follows or position ~= newest + 1 then
        return 0
      end
      local id_added =
        redis.call('XADD', stream, 'NOMKSTREAM', 'MAXLEN', most, id, 'e', its_epoch, 'k', kind, 'p', payload)
      if not id_added then
        return 0
      end
    end
    epoch, newest, added = its_epoch, position, true
  end
end
if added then
  redis.call('SET', newest_of, string.format('%d ', newest) .. epoch, 'EX', seconds)
  redis.call('EXPIRE', stream, seconds)
  redis.call('PUBLISH', channel, '')
end
return 1
