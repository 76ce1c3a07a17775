-- Has as many `1`s in the lists as jobs wait, for workers of Kue's: ours may have taken some and not the jobs.
-- ARGV: types.
for _, kind in ipairs(ARGV) do
    local missing = call('ZCARD', of_type(kind, 'inactive')) - call('LLEN', BASE .. kind .. ':jobs')
    for _ = 1, missing do
        call('LPUSH', BASE .. kind .. ':jobs', 1)
    end
end
return 1
