-- Notes that a job whose worker vanished before is now being started, so that another death is certain to
-- be its own. ARGV: id, token. Returns 1, or 0 if the lease is no longer held: then it must not be run; a job
-- that is not known here at all, as Redis may have lost what it was told last, runs nowhere else: 1.
if call('ZSCORE', ACTIVE, ARGV[1] .. ' ' .. ARGV[2]) then
    work_when_full()
    call('HSET', JOB .. ARGV[1], 'begun', ARGV[2])
    return 1
end
return call('EXISTS', JOB .. ARGV[1]) == 1 and 0 or 1
