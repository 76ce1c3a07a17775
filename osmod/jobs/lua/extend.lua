-- Extends leases that are still held. ARGV: 1 lease (ms), then pairs of id and token.
-- Returns the ids that are no longer held under their token.
local lost = {}
for i = 2, #ARGV, 2 do
    local id, token = ARGV[i], ARGV[i + 1]
    local job = call('HMGET', JOB .. id, 'lease', 'state')
    if job[1] == token and job[2] == 'active' then
        call('ZADD', ACTIVE, 'XX', now + tonumber(ARGV[1]), id)
    elseif job[1] ~= token then
        lost[#lost + 1] = id
    end
end
return lost
