-- Jobs in our queue whose end was not told, those first that nobody looked at for the longest time.
-- ARGV: milliseconds for which nobody did, how many at most, types. Returns message ids, each with the job's type, or
-- '' if Kue has it no more, or it is somebody else's there by now. Jobs of other types were taken by programs that
-- have actors for them.
work_when_full()
local ours, answer, passed = types_from(3), {}, 0
local left = tonumber(ARGV[2])
while left > 0 do
    local found = call('ZRANGEBYSCORE', HELD, '-inf', now - ARGV[1], 'LIMIT', passed, left)
    if #found == 0 then
        break
    end
    passed = passed + #found
    for _, message_id in ipairs(found) do
        local id, number, created = parts_of(message_id)
        local row = fields_of(id, 'type', 'state', 'osmod_claim', 'workerId', 'created_at')
        local same = row[3] == number and created_of(row[5]) == created
        local ours_still = same and row[2] == 'active' and is_ours(row[4])
        local kind = ours_still and row[1] or ''
        if kind == '' or ours[kind] then
            answer[#answer + 1] = message_id
            answer[#answer + 1] = kind
            left = left - 1
        end
    end
end
for i = 1, #answer, 2 do
    call('ZADD', HELD, stamp, answer[i])
end
return answer
