-- Gives waiting and delayed jobs another priority; among those who have it they stand as they came.
-- ARGV from 5: priority, ids. Returns how many.
local count, priority = 0, tonumber(ARGV[5])
for i = 6, #ARGV do
    local id = ARGV[i]
    local key = JOB .. id
    local job = call('HMGET', key, 'state', 'priority')
    local score = call('ZSCORE', READY, id)
    if score then
        local arrival = tonumber(score) - (tonumber(job[2]) or 0) * PRIORITY_STEP
        call('ZADD', READY, string.format('%.0f', priority * PRIORITY_STEP + arrival), id)
    end
    if score or job[1] == 'delayed' then
        call('HSET', key, 'priority', priority)
        count = count + 1
    end
end
return write_down('prioritise', count)
