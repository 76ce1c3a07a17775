// A worker of Kue's own for the type `note`: says the number of each job that it runs. Argument: milliseconds a job takes.
const kue = require('kue');

const queue = kue.createQueue({ redis: process.env.KUE_URL });
queue.on('error', () => {});
queue.process('note', 4, (job, done) => {
  process.stdout.write(JSON.stringify(job.data.number) + '\n');
  setTimeout(done, Number(process.argv[2]));
});
process.stdout.write('"ready"\n');
