-- Has jobs that failed or were cancelled run again, as if just sent.
-- ARGV from 5: pairs of id and message, the message without what its failed runs left in it.
-- Returns how many; one whose unique key another job has meanwhile is left alone.
local count = 0
for i = 5, #ARGV, 2 do
    local id = ARGV[i]
    local key = JOB .. id
    local job = call('HMGET', key, 'state', 'priority', 'unique', 'unique_ttl', 'lease', 'finished', 'error')
    if job[1] == 'failed' or job[1] == 'cancelled' then
        local free = true
        if job[3] then
            local lock = UNIQUE .. job[3]
            local holder = try('GET', lock)
            if type(holder) == 'string' and holder ~= id then
                free = call('EXISTS', JOB .. holder) == 0
            end
            if free then
                call('SET', lock, id, 'PX', span(job[4] or META_TTL))
            end
        end
        if free then
            call('ZREM', SETS[job[1]], id)
            forget_error(id)
            note_run(id, job[1], job[5], '', job[6], job[7])
            note_run(id, 'again', '', '', '', ARGV[1])
            call('HDEL', key, 'finished', 'error', 'traceback', 'cancel', 'retries', 'deaths', 'suspect', 'most', 'begun',
                'lease', 'run', 'progress', 'due', 'why')
            call('HSET', key, 'state', 'waiting', 'message', ARGV[i + 1])
            call('PERSIST', key)
            put_ready(id, job[2])
            emit('enqueued', id)
            count = count + 1
        end
    end
end
wake(count)
return write_down('retry', count)
