-- Jobs in our queue whose end was not told, those first that nobody looked at for the longest time.
-- ARGV: milliseconds for which nobody did, how many at most. Returns message ids, each with the job's type, or '' if
-- Kue has it no more.
local answer = {}
for _, message_id in ipairs(call('ZRANGEBYSCORE', HELD, '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])) do
    local id = parts_of(message_id)
    call('ZADD', HELD, stamp, message_id)
    answer[#answer + 1] = message_id
    answer[#answer + 1] = id and call('HGET', JOB .. id, 'type') or ''
end
return answer
