-- Stands before whatever is written down in the audit log, after the prelude.
--
-- ARGV: 1 who acts, 2 the act's id, 3 what was asked for, in words, 4 why; what the script itself takes begins at 5.
local AUDIT = BASE .. 'audit'

-- `rehearsed` is '1' for an act that was only counted.
local function write_down(act, count, rehearsed)
    if count > 0 then
        call('XADD', AUDIT, 'MAXLEN', '~', 10000, '*', 'act', act, 'who', ARGV[1], 'id', ARGV[2], 'what', ARGV[3],
            'reason', ARGV[4], 'count', count, 'dry_run', rehearsed or '')
        call('PEXPIRE', AUDIT, META_TTL)
    end
    return count
end
