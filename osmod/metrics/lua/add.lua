-- Adds to what was counted. ARGV: names and whole numbers, in turn.
local COUNTS = BASE .. 'counts'
for i = 1, #ARGV, 2 do
    call('HINCRBY', COUNTS, ARGV[i], ARGV[i + 1])
end
call('PEXPIRE', COUNTS, META_TTL)
return 1
