// Has a job wait again, as Kue's pages do.
const kue = require('kue');

kue.createQueue({ redis: process.env.KUE_URL, jobEvents: false });
kue.Job.get(process.argv[2], (error, job) => {
  job.inactive(() => {
    console.log('true');
    process.exit(0);
  });
});
