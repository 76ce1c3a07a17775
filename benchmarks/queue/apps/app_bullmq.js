const { Queue, Worker } = require("bullmq");
const { mark, drive } = require("./drive.js");
const url = new URL(process.env.REDIS_URL);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const options = { removeOnComplete: true };

if (process.argv[2] === "work") {
  new Worker("bench", async (job) => mark(job.data.sent), { connection, concurrency: 50 });
} else {
  const queue = new Queue("bench", { connection });
  drive(
    (sent) => queue.add("noop", { sent }, options),
    async (jobs) => {
      for (let left = jobs; left > 0; left -= 1000) {
        const portion = Array.from({ length: Math.min(1000, left) });
        await queue.addBulk(portion.map(() => ({ name: "noop", data: { sent: "" }, opts: options })));
      }
    },
  );
}
