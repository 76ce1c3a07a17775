-- Gathers failed jobs by actor and error class, newest failure first.
--
-- ARGV: 1 and 2 score and id of the job to go on after ('' to begin), 3 jobs looked at at most, 4 earliest and
--   5 latest failure (ms, or -inf and +inf).
-- Returns: of each group its actor, its error class, how many, the first and the last failure (ms), the id of
--   the last; score and id of the last job looked at, the oldest ('' at the end).
local at, tie, budget, latest = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5]
local earliest = ARGV[4] == '-inf' and -math.huge or tonumber(ARGV[4])
local rank = latest == '+inf' and 0 or call('ZCOUNT', FAILED, '(' .. latest, '+inf')
if at ~= '' then
    if call('ZSCORE', FAILED, tie) == at then
        rank = call('ZREVRANK', FAILED, tie) + 1
    else
        -- It is gone, or failed again: go on with those that failed when it had. Some may be met twice.
        rank = call('ZCOUNT', FAILED, '(' .. at, '+inf')
    end
end
local rows = call('ZREVRANGE', FAILED, rank, rank + budget - 1, 'WITHSCORES')
local ended = #rows < 2 * budget
local order, groups = {}, {}
for i = 1, #rows, 2 do
    if tonumber(rows[i + 1]) < earliest then
        ended = true
        break
    end
    local job = call('HMGET', JOB .. rows[i], 'message', 'error')
    if job[1] then
        local actor = string.match(job[1], '"actor_name":"([^"]*)"') or '?'
        local kind = string.match(job[2] or '', '([%w_]+):') or job[2] or '?'
        local name = actor .. ' ' .. kind
        local group = groups[name]
        if not group then
            group = {actor, kind, 0, rows[i + 1], rows[i + 1], rows[i]}
            groups[name] = group
            order[#order + 1] = group
        end
        group[3] = group[3] + 1
        group[4] = rows[i + 1]
    end
end
if ended then
    return {order, '', ''}
end
return {order, rows[#rows], rows[#rows - 1]}
