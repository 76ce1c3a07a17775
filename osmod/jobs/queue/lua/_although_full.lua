-- Stands before enqueue.lua for what a job that ends leaves to be done: that job makes room for it.
work_when_full()
