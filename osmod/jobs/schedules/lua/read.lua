-- All fields of a schedule's record and their values, in turn.
-- ARGV: 1 name
return call('HGETALL', record_of(ARGV[1]))
