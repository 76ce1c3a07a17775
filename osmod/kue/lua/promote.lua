-- Has delayed jobs wait that are due, as each process of Kue's does every second. While one of those holds the lock
-- nothing is done: it works on jobs that it has read. What this script does it does at once.
-- ARGV: how many at most. Returns how many there were.
if call('EXISTS', 'promotion:lock') == 1 then
    return 0
end
local due = call('ZRANGEBYSCORE', of_state('delayed'), 0, stamp, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'type')
    call('ZREM', of_state('delayed'), member)
    if row[1] == 'delayed' and row[2] then
        local kind, priority = row[2], string.format('%.17g', priority_of(id))
        publish(id, 'promotion', '')
        try('ZREM', of_type(kind, 'delayed'), member)
        call('HSET', JOB .. id, 'state', 'inactive', 'updated_at', stamp)
        call('ZADD', of_state('inactive'), priority, member)
        -- Where one of these is something else the job is astray, and put back once that is mended.
        try('ZADD', of_type(kind, 'inactive'), priority, member)
        try('LPUSH', BASE .. kind .. ':jobs', 1)
        publish(id, 'enqueue', ',' .. cjson.encode(kind))
    end
end
return #due
