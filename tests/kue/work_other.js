// A worker of Kue's own that has nothing to do, but for what each of them does every second.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL });
queue.process('nothing', (job, done) => done());
process.stdout.write('"ready"\n');
