-- Writes down what is done elsewhere. ARGV from 5: the act, to how many, '1' if it was only counted.
work_when_full()
return write_down(ARGV[5], tonumber(ARGV[6]), ARGV[7])
