-- Stands before the acts on jobs, after the audit log: each act and what is written of it are one step.
look_first()
call('XLEN', AUDIT)
local SETS = {waiting = READY, delayed = DELAYED, done = DONE, failed = FAILED, cancelled = CANCELLED}
