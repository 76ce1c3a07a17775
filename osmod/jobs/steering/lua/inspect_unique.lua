-- Checks unique keys. ARGV: 1 '1' to mend, then keys without their prefix.
-- Returns triples of the job's id, what is wrong, and what is done about it.
local mend = ARGV[1] == '1'
local LIVE = {waiting = true, delayed = true, active = true}
local found = {}
for i = 2, #ARGV do
    local holder = call('GET', UNIQUE .. ARGV[i])
    -- A key kept for a period ('@') stands without its job.
    if holder and string.sub(holder, 1, 1) ~= '@' and not LIVE[call('HGET', JOB .. holder, 'state') or ''] then
        found[#found + 1] = holder
        found[#found + 1] = 'unique key ' .. ARGV[i] .. ' held by no live job'
        found[#found + 1] = 'key freed'
        if mend then
            call('DEL', UNIQUE .. ARGV[i])
        end
    end
end
return found
