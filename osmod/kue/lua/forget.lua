-- Notes jobs no more, whose end nobody waits for.
-- ARGV: how many types, types, message ids.
--
-- Whoever removed a job in Kue took it out of the set in which it had seen it last. It is in none any more then.
work_when_full()
local count = tonumber(ARGV[1])
for i = count + 2, #ARGV do
    local id = parts_of(ARGV[i])
    call('ZREM', HELD, ARGV[i])
    call('ZREM', TAKEN, ARGV[i])
    if id and call('EXISTS', JOB .. id) == 0 then
        call('ZREM', of_state('active'), member_of(id))
        for place = 2, count + 1 do
            try('ZREM', of_type(ARGV[place], 'active'), member_of(id))
        end
    end
end
return 1
