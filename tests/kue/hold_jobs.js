// A worker of Kue's that begins jobs and never ends them. Arguments: its types. Says each job's id as it begins it.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL, jobEvents: false });
for (const type of process.argv.slice(2)) {
  queue.process(type, 5, (job) => console.log(JSON.stringify(job.id)));
}
