-- Stands before the acts on jobs, after the prelude: each act and what is written of it are one step.
--
-- ARGV: 1 who acts, 2 the act's id, 3 what was asked for, in words; what the act itself takes begins at 4.
local AUDIT = BASE .. 'audit'
look_first()
call('XLEN', AUDIT)
local SETS = {waiting = READY, delayed = DELAYED, done = DONE, failed = FAILED, cancelled = CANCELLED}

local function write_down(act, count)
    if count > 0 then
        call('XADD', AUDIT, 'MAXLEN', '~', 10000, '*', 'act', act, 'who', ARGV[1], 'id', ARGV[2], 'what', ARGV[3], 'count', count)
        call('PEXPIRE', AUDIT, META_TTL)
    end
    return count
end
