// Removes a job as Kue's pages do.
const kue = require('kue');

kue.createQueue({ redis: process.env.KUE_URL, jobEvents: false });
kue.Job.remove(process.argv[2], (error) => {
  console.log(JSON.stringify(!error));
  process.exit(0);
});
