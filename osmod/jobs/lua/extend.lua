-- Extends leases that are still held. ARGV: 1 lease (ms), then pairs of id and token, any number of them.
-- Returns the ids that are no longer held under their token.
local lost = {}
work_when_full()
for i = 2, #ARGV, 2 do
    local member = ARGV[i] .. ' ' .. ARGV[i + 1]
    if call('ZSCORE', ACTIVE, member) then
        call('ZADD', ACTIVE, 'XX', now + tonumber(ARGV[1]), member)
    else
        lost[#lost + 1] = ARGV[i]
    end
end
return lost
