-- Extends leases that are still held. ARGV: 1 lease (ms), then pairs of id and token.
-- Returns the ids that are no longer held under their token.
local members, lost = {}, {}
for i = 2, #ARGV, 2 do
    members[#members + 1] = ARGV[i] .. ' ' .. ARGV[i + 1]
end
local leases = call('ZMSCORE', ACTIVE, unpack(members))
for n, member in ipairs(members) do
    if leases[n] then
        call('ZADD', ACTIVE, 'XX', now + tonumber(ARGV[1]), member)
    else
        lost[#lost + 1] = ARGV[2 * n]
    end
end
return lost
