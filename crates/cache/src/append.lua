-- Adds entries to the stream of a run: all of them, or none.
-- KEYS: the stream; its newest position and epoch. ARGV: the channel to wake readers on; the most entries; the seconds
-- to keep them; then for each entry its position, epoch, kind (e or s) and payload.
-- Gives 1, or 0 where the entries do not follow what is there.
local stream, newest_of = KEYS[1], KEYS[2]
local channel, most, seconds = ARGV[1], ARGV[2], ARGV[3]
local newest, epoch = string.match(redis.call('GET', newest_of) or '', '^(%d+) (.*)$')
newest = tonumber(newest)

local adding, is_anew = {}, false
for at = 4, #ARGV, 4 do
  local position, its_epoch, kind = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
  local is_same = epoch == its_epoch
  if not (is_same and position <= newest) then
    if kind == 's' or (position == 1 and not is_same) then
      adding, is_anew = {}, true
    elseif not is_same or position ~= newest + 1 then
      return 0
    end
    table.insert(adding, at)
    newest, epoch = position, its_epoch
  end
end
if #adding == 0 then
  return 1
end

if is_anew then
  redis.call('DEL', stream)
elseif redis.call('EXISTS', stream) == 0 then
  return 0
end
for _, at in ipairs(adding) do
  local id, its_epoch, kind, payload = ARGV[at] .. '-0', ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  redis.call('XADD', stream, 'MAXLEN', most, id, 'e', its_epoch, 'k', kind, 'p', payload)
end
redis.call('SET', newest_of, string.format('%d ', newest) .. epoch, 'EX', seconds)
redis.call('EXPIRE', stream, seconds)
redis.call('PUBLISH', channel, '')
return 1
