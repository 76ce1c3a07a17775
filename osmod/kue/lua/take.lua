-- Claims waiting jobs, those first that are first in Kue.
-- ARGV: how the worker is called, how many at most, how many may be open at a time, types.
-- Returns how many more may be open, then each job's fields and its message id.
--
-- What is in a type's set and waits no more, by its own hash, is taken out of the set as by a worker of Kue's; what
-- has no state yet is being written, and left.
local worker = ARGV[1]
local room = tonumber(ARGV[3]) - call('ZCARD', TAKEN) - call('ZCARD', HELD)
local left = math.min(tonumber(ARGV[2]), room)
local answer, bytes = {0}, 0
for i = 4, #ARGV do
    local kind, claimed, passed = ARGV[i], 0, 0
    local waiting = of_type(kind, 'inactive')
    -- Whatever else stands in their place ends the script here, before anything of the type is claimed.
    call('ZCARD', of_type(kind, 'active'))
    call('LLEN', BASE .. kind .. ':jobs')
    while left > 0 and passed < 1000 do
        local members = call('ZRANGE', waiting, passed, passed + left - 1)
        if #members == 0 then
            break
        end
        for _, member in ipairs(members) do
            if left <= 0 then
                break
            end
            local id = id_in(member)
            local row = fields_of(id, 'state', 'type')
            if row[1] == 'inactive' and row[2] == kind then
                answer[#answer + 1] = claim(id, kind, 'inactive', worker)
                bytes = bytes + size_of(answer[#answer])
                claimed, left = claimed + 1, bytes < MOST_BYTES and left - 1 or 0
            elseif id and (row[1] or call('EXISTS', JOB .. id) == 0) then
                call('ZREM', waiting, member)
                if row[1] ~= 'inactive' then
                    call('ZREM', of_state('inactive'), member)
                end
            else
                passed = passed + 1
            end
        end
    end
    if claimed > 0 then
        try('HINCRBY', COUNTS, kind, claimed)
    end
    trim_bells(kind)
end
answer[1] = room - #answer + 1
return answer
