-- Jobs that were taken so many milliseconds ago and may not be in our queue yet.
-- ARGV: milliseconds, how many at most, types. Returns each job's fields and its message id.
--
-- Those of other types are left: the bridge of another program took them. What is ours no more in Kue may be in our
-- queue: it is looked at with those that are.
local ours, answer, place, bytes = types_from(3), {}, 0, 0
while #answer < tonumber(ARGV[2]) and bytes < MOST_BYTES do
    local found = call('ZRANGEBYSCORE', TAKEN, '-inf', now - ARGV[1], 'LIMIT', place, 1)[1]
    if not found then
        break
    end
    local id, number, created = parts_of(found)
    local row = fields_of(id, 'state', 'osmod_claim', 'type', 'created_at')
    if row[1] == 'active' and row[2] == number and created_of(row[4]) == created and row[3] then
        if ours[row[3]] then
            answer[#answer + 1] = described(found, id)
            bytes = bytes + size_of(answer[#answer])
        end
        place = place + 1
    else
        call('ZREM', TAKEN, found)
        call('ZADD', HELD, 0, found)
    end
end
return answer
