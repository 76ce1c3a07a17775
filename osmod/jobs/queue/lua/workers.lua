-- The workers that gave a sign of life within ARGV[1] ms; forgets the others. KEYS[1] is `namespace:{workers}:`.
-- Returns of each: host:process, ms since its sign of life, what it said of itself (JSON), what it is asked to do ('' for nothing).
local WORKERS, REQUESTS = BASE .. 'workers', BASE .. 'requests'
local alive = {}
local all = call('HGETALL', WORKERS)
for i = 1, #all, 2 do
    local seen, said = string.match(all[i + 1], '^(%d+) (.*)$')
    local silent = now - tonumber(seen)
    if silent > tonumber(ARGV[1]) then
        call('HDEL', WORKERS, all[i])
        call('HDEL', REQUESTS, all[i])
    else
        alive[#alive + 1] = all[i]
        alive[#alive + 1] = silent
        alive[#alive + 1] = said
        alive[#alive + 1] = call('HGET', REQUESTS, all[i]) or ''
    end
end
return alive
