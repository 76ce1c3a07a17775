-- Stands before whatever is written down in the audit log, after the prelude.
--
-- ARGV: 1 who acts, 2 the act's id, 3 what was asked for, in words, 4 why; what the script itself takes begins at 5.
local AUDIT = BASE .. 'audit'
local PARTS_TTL = 3600000           -- so long after its last part another one still joins an act

-- `rehearsed` is '1' for an act that was only counted. An act that is done in parts is one entry, where its last part
-- stands: the entry of the parts before it is replaced.
local function write_down(act, count, rehearsed)
    if count > 0 then
        local latest = AUDIT .. ':' .. ARGV[2]
        local before = call('GET', latest)
        local sum = count
        if before then
            local entry = call('XREVRANGE', AUDIT, before, before)[1]
            if entry then
                sum = sum + entry[2][12]
                call('XDEL', AUDIT, before)
            end
        end
        local entry = call('XADD', AUDIT, 'MAXLEN', '~', 10000, '*', 'act', act, 'who', ARGV[1], 'id', ARGV[2],
            'what', ARGV[3], 'reason', ARGV[4], 'count', string.format('%.0f', sum), 'dry_run', rehearsed or '')
        call('SET', latest, entry, 'PX', PARTS_TTL)
        call('PEXPIRE', AUDIT, META_TTL)
    end
    return count
end
