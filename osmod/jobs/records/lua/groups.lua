-- Gathers failed jobs by actor and error class, oldest failure first.
--
-- ARGV: 1 and 2 score and id of the job to go on after ('' to begin), 3 jobs looked at at most, 4 earliest and
--   5 latest failure (ms, or -inf and +inf).
-- Returns: of each group its actor, its error class, how many, the first and the last failure (ms), the id of
--   the last; score and id of the last job looked at ('' at the end).
local at, tie, budget, lowest = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local latest = ARGV[5] == '+inf' and math.huge or tonumber(ARGV[5])
local rank = lowest == '-inf' and 0 or call('ZCOUNT', FAILED, '-inf', '(' .. lowest)
if at ~= '' then
    if call('ZSCORE', FAILED, tie) == at then
        rank = call('ZRANK', FAILED, tie) + 1
    else
        -- It is gone, or failed again: go on with those that failed when it had. Some may be met twice.
        rank = call('ZCOUNT', FAILED, '-inf', '(' .. at)
    end
end
local rows = call('ZRANGE', FAILED, rank, rank + budget - 1, 'WITHSCORES')
local ended = #rows < 2 * budget
local order, groups = {}, {}
for i = 1, #rows, 2 do
    if tonumber(rows[i + 1]) > latest then
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
            group = {actor, kind, 0, rows[i + 1]}
            groups[name] = group
            order[#order + 1] = group
        end
        group[3] = group[3] + 1
        group[5], group[6] = rows[i + 1], rows[i]
    end
end
if ended then
    return {order, '', ''}
end
return {order, rows[#rows], rows[#rows - 1]}
