-- Notes that a job whose worker vanished before is now being started, so that another death is certain to
-- be its own. ARGV: id, token. Returns 1, or 0 if the lease is no longer held: then it must not be run.
if call('ZSCORE', ACTIVE, ARGV[1] .. ' ' .. ARGV[2]) then
    work_when_full()
    call('HSET', JOB .. ARGV[1], 'begun', ARGV[2])
    return 1
end
return 0
