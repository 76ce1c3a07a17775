-- Notes of jobs whose worker vanished before that they are at work, and beside how many such jobs of their process,
-- themselves counted: so that another death is certain to have met them, and in what company. With jobs that are
-- about to start those are told anew that run: their company has grown.
-- ARGV: triples of id, token, company (0: no other job at all runs there; '': nothing is noted).
-- Returns the ids of those whose lease is no longer held: they must not be run; a job that is not known here at all,
-- as Redis may have lost what it was told last, runs nowhere else: it may.
local gone = {}
work_when_full()
for i = 1, #ARGV, 3 do
    local id, token, company = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    local key = JOB .. id
    if not call('ZSCORE', ACTIVE, id .. ' ' .. token) then
        if call('EXISTS', key) == 1 then
            gone[#gone + 1] = id
        end
    elseif company then
        local held, before = string.match(call('HGET', key, 'begun') or '', '^(.*) (%d+)$')
        -- Of two calls that cross, the one with the greater company is right.
        if held ~= token or tonumber(before) < company then
            call('HSET', key, 'begun', token .. ' ' .. company)
        end
    end
end
return gone
