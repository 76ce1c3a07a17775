const Queue = require("bee-queue");
const { mark, drive } = require("./drive.js");
const redis = { url: process.env.REDIS_URL };

if (process.argv[2] === "work") {
  new Queue("bench", { redis, removeOnSuccess: true }).process(50, async (job) => mark(job.data.sent));
} else {
  const queue = new Queue("bench", { redis, isWorker: false, removeOnSuccess: true });
  queue.ready().then(() => drive((sent) => queue.createJob({ sent }).save()));
}
