-- Walks one sorted set of jobs from its highest score down, or from its lowest up, and reads those that fit.
--
-- ARGV: 1 set (the last part of its key), 2 and 3 score and id of the job to go on after ('' to begin),
--   4 lowest and 5 highest score, 6 jobs wanted, 7 jobs looked at at most, 8 'oldest' to begin with the
--   lowest score, 9 how many fields, their names, then states (joined by ' ') or '', actor or '', error class or '', created since and until (ms) or '',
--   a word in small letters that stands in the message or the error, or '',
--   then texts of which a message must hold one, unless it has positional arguments, which may be anything.
-- Returns: of each job that fits its id, its score and its fields' values; how many were looked at; score and
--   id of the last; 1 if the set is at its end.
local set, at, tie, lowest, highest = BASE .. ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local want, budget, upwards, fields = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == 'oldest', tonumber(ARGV[9])
local names, needles = {}, {}
for i = 1, fields do
    names[i] = ARGV[9 + i]
end
local states, actor, kind, since, till = ARGV[10 + fields], ARGV[11 + fields], ARGV[12 + fields],
    tonumber(ARGV[13 + fields]), tonumber(ARGV[14 + fields])
local word = ARGV[15 + fields] ~= '' and ARGV[15 + fields]
for i = 16 + fields, #ARGV do
    needles[#needles + 1] = ARGV[i]
end
actor = actor ~= '' and '"actor_name":"' .. actor .. '"' or nil
states = states ~= '' and ' ' .. states .. ' ' or nil
local demanding = states or actor or kind ~= '' or since or till or word or #needles > 0

-- Whether a needle stands in a text. A number ends where its digits do: 3 is not found in 31.
local function holds(text, needle)
    local is_number = string.find(needle, '%d$')
    local _, last = string.find(text, needle, 1, true)
    while is_number and last and string.find(text, '^%d', last + 1) do
        _, last = string.find(text, needle, last + 1, true)
    end
    return last
end

local stale, looked_at = {}, {'message'}
if states or kind ~= '' or since or till or word then
    looked_at = {'message', 'state', 'error', 'created'}
end
local function fits(id)
    local job = call('HMGET', JOB .. id, unpack(looked_at))
    if not job[1] then
        stale[#stale + 1] = id
        return false
    end
    if actor and not string.find(job[1], actor, 1, true) then
        return false
    end
    if states and not string.find(states, ' ' .. job[2] .. ' ', 1, true) then
        return false
    end
    -- Of a job that is done, `error` is that of a run before the last.
    if kind ~= '' and (job[2] == 'done' or string.match(job[3] or '', '([%w_]+):') ~= kind and job[3] ~= kind) then
        return false
    end
    local created = tonumber(job[4])
    if (since and created < since) or (till and created > till) then
        return false
    end
    if word and not string.find(string.lower(job[1]), word, 1, true)
        and not string.find(string.lower(job[3] or ''), word, 1, true) then
        return false
    end
    for _, needle in ipairs(needles) do
        if holds(job[1], needle) then
            return true
        end
    end
    return #needles == 0 or not string.find(job[1], '"args":[]', 1, true)
end

-- Ids and scores from one rank to another, both counted from where the walk begins.
local function stretch(from, to)
    if upwards then
        return call('ZRANGE', set, from, to, 'WITHSCORES')
    end
    return call('ZREVRANGE', set, from, to, 'WITHSCORES')
end

-- How many stand before those of a score.
local function before(score)
    if upwards then
        return call('ZCOUNT', set, '-inf', '(' .. score)
    end
    return call('ZCOUNT', set, '(' .. score, '+inf')
end

local first = upwards and lowest or highest
local rank
if at == '' then
    rank = string.find(first, 'inf', 1, true) and 0 or before(first)
elseif upwards then
    rank = before(at)
else
    local score = call('ZSCORE', set, tie)
    if score == at then
        rank = call('ZREVRANK', set, tie) + 1
    else
        -- It moved on: begin behind those of its score that would have stood before it.
        rank = before(at)
    end
end
local bound = upwards and since or not upwards and till
if bound and at == '' and ARGV[1] == 'ready' then
    -- Within a priority jobs stand in the order in which they came, but for a few that were tried again.
    local low, high = rank, rank + call('ZCOUNT', set, lowest, highest)
    while high - low > 16 do
        local middle = math.floor((low + high) / 2)
        local created = tonumber(call('HGET', JOB .. stretch(middle, middle)[1], 'created') or '0')
        if (upwards and created < bound) or (not upwards and created > bound) then
            low = middle
        else
            high = middle
        end
    end
    rank = low
end

local found, looked, ended = {}, 0, 0
local last_score, last_id = at, tie
while #found < want and looked < budget and ended == 0 do
    local chunk = stretch(rank, rank + 99)
    if #chunk < 200 then
        ended = 1
    end
    for i = 1, #chunk, 2 do
        local id, score = chunk[i], chunk[i + 1]
        local taken = score == at and ((upwards and id <= tie) or (not upwards and id >= tie))
        if (upwards and tonumber(score) > tonumber(highest)) or (not upwards and tonumber(score) < tonumber(lowest)) then
            ended = 1
            break
        end
        if #found >= want or looked >= budget then
            ended = 0
            break
        end
        if not taken then
            looked = looked + 1
            last_score, last_id = score, id
            if not demanding or fits(id) then
                local row = fields > 0 and call('HMGET', JOB .. id, unpack(names)) or {}
                table.insert(row, 1, score)
                table.insert(row, 1, id)
                found[#found + 1] = row
            end
        end
    end
    rank = rank + 100
end
-- Records expire by themselves; what is to run has one always.
if #stale > 0 and set ~= READY and set ~= DELAYED then
    call('ZREM', set, unpack(stale))
end
return {found, looked, last_score, last_id, ended}
