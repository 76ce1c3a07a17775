-- Jobs that were taken so many milliseconds ago and may not be in our queue yet.
-- ARGV: milliseconds, how many at most. Returns each job's fields and its message id.
--
-- What is ours no more in Kue may be in our queue: it is looked at with those that are.
local answer = {}
for _, message_id in ipairs(call('ZRANGEBYSCORE', TAKEN, '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])) do
    local id, number = parts_of(message_id)
    local row = id and call('HMGET', JOB .. id, 'state', 'osmod_claim', 'type') or {}
    if row[1] == 'active' and row[2] == number and row[3] then
        answer[#answer + 1] = described(message_id, id)
    else
        call('ZREM', TAKEN, message_id)
        call('ZADD', HELD, 0, message_id)
    end
end
return answer
