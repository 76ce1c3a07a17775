-- Takes back jobs that were leased by an exchange whose answer was lost: nobody knows that they hold them.
-- ARGV: 1 token of that exchange, 2 keep cancelled (ms). Returns how many are back at their old places.
local ending, back = ' ' .. ARGV[1], 0
look_first()
for _, member in ipairs(call('ZRANGE', ACTIVE, 0, -1)) do
    if string.sub(member, -#ending) == ending then
        local id = string.sub(member, 1, -#ending - 1)
        local place = call('HGET', JOB .. id, 'place')
        call('ZREM', ACTIVE, member)
        if place and not stopped(id, tonumber(ARGV[2])) then
            call('ZADD', READY, place, id)
            call('HSET', JOB .. id, 'state', 'waiting')
            hold_unique(id, 0)
            back = back + 1
        end
    end
end
if back > 0 then
    wake(back)
end
return back
