-- Notes what a queue has counted, once a minute whoever asks, so that it can be seen later how it went.
-- Kept in a ring: minute N of the epoch at N modulo ARGV[1]. Returns 1 if it was noted now.
local MINUTES = BASE .. 'minutes'
local minute = string.format('%.0f', math.floor(now / 60000))
local place = string.format('%.0f', minute % tonumber(ARGV[1]))
local noted = call('HGET', MINUTES, place)
if noted and string.match(noted, '^%d+') == minute then
    return 0
end
local counts = call('HMGET', META, 'done', 'failed', 'retried', 'cancelled')
local words = {minute}
for i = 1, 4 do
    words[i + 1] = counts[i] or '0'
end
call('HSET', MINUTES, place, table.concat(words, ' '))
call('PEXPIRE', MINUTES, 2 * 86400000)
return 1
