-- Notes that a job whose worker vanished before is now being started, so that another death is certain to
-- be its own. ARGV: id, token. Returns 1, or 0 if the lease is no longer held: then it must not be run.
local key = JOB .. ARGV[1]
local job = call('HMGET', key, 'lease', 'state')
if job[1] == ARGV[2] and job[2] == 'active' then
    call('HSET', key, 'begun', ARGV[2])
    return 1
end
return 0
