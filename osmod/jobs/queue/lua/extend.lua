-- Extends leases that are still held. ARGV: 1 lease (ms), then pairs of id and token, any number of them; with
-- '' in the place of the id, all leases of that token.
-- Returns the ids that are no longer held under their token.
local lost = {}
local runs_out = now + tonumber(ARGV[1])
local ran_out = call('ZRANGEBYSCORE', ACTIVE, '-inf', now, 'LIMIT', 0, 1)
work_when_full()
grace_after_silence(tonumber(ARGV[1]), #ran_out > 0)

local function extend_all(token)
    local ending = ' ' .. token
    for _, member in ipairs(call('ZRANGE', ACTIVE, 0, -1)) do
        if string.sub(member, -#ending) == ending then
            call('ZADD', ACTIVE, 'XX', runs_out, member)
        end
    end
end

for i = 2, #ARGV, 2 do
    local member = ARGV[i] .. ' ' .. ARGV[i + 1]
    if ARGV[i] == '' then
        extend_all(ARGV[i + 1])
    elseif call('ZSCORE', ACTIVE, member) then
        call('ZADD', ACTIVE, 'XX', runs_out, member)
    else
        lost[#lost + 1] = ARGV[i]
    end
end
return lost
